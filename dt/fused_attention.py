"""The first half of a transformer block with its derivative written out, for training on a CPU: as
dt/fused.py says.

With one head as wide as the tokens there is a shorter way to the same numbers. For tokens a (rows),
scores are (a Wq' + bq)(a Wk' + bk)' = (a Wq' Wk + bq Wk) a' + something equal for all keys, which the
softmax ignores; and what is gathered from the values, projected, is P (a Wv' + bv) Wo' =
(P a) (Wo Wv)' + (P 1) (Wo bv)'. So keys and values need not be computed, only the products of
matrices, which are small beside those with tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dt.dropout import only_kept, zero_dropped_
from dt.fused import Norm
from dt.products import product

softmax_backward = torch.ops.aten._softmax_backward_data


class _Attention(torch.autograd.Function):
    """What both ways share: the tokens that ask, and the way from scores to weights and back."""

    @staticmethod
    def asking(tokens: Tensor, batch: int, only: slice | None) -> Tensor:
        """Return the rows (B * T', H) of (B * T, H) that ask; None: all."""
        if only is None:
            return tokens
        width = tokens.shape[1]
        return tokens.view(batch, -1, width)[:, only].reshape(-1, width)

    @staticmethod
    def add_asking_(tokens: Tensor, part: Tensor, batch: int, only: slice | None) -> Tensor:
        """Add (B * T', H) to the rows of (B * T, H) that ask."""
        if only is None:
            return tokens.add_(part)
        width = tokens.shape[1]
        tokens.view(batch, -1, width)[:, only].add_(part.view(batch, -1, width))
        return tokens


def attend(q: Tensor, k: Tensor, mask: Tensor, scale: float, wide: torch.dtype) -> Tensor:
    """Return attention weights (G, T', T) of queries (G, T', D) and keys (G, T, D)."""
    scores = torch.bmm(q, k.transpose(1, 2)).to(wide).mul_(scale).add_(mask)
    return scores.softmax(dim=2)


def attend_backward(
    d_looked: Tensor, attention: Tensor, kept: Tensor | None, scale: float, dtype: torch.dtype
) -> Tensor:
    """Return the gradient of the products q k' for that of the attention weights after dropout."""
    d_attention = zero_dropped_(d_looked, kept)
    d_scores: Tensor = softmax_backward(d_attention, attention, 2, attention.dtype)
    return d_scores.mul_(scale).to(dtype)


class FusedAttention(_Attention):
    """The residual stream after the first half of a block, with any number of heads."""

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        mask: Tensor,
        only: slice | None,
        heads: int,
        rate: float,
        kept: tuple[Tensor | None, Tensor | None],
        dtype: torch.dtype,
        *parameters: Tensor,
    ) -> Tensor:
        """Compute it.

        Args:
            context: for `backward`.
            x: (B, T, H) the stream, contiguous.
            mask: (T', T) additive: 0 where a token may look, -inf elsewhere.
            only: which T' of the T tokens ask; None: all.
            heads: of the attention.
            rate: of dropout.
            kept: what dropout keeps of the attention weights (B * heads, T', T) and of what is
                added to the stream (B * T', H), uint8; None: all.
            dtype: of the matrix products.
            parameters: weight and bias of the norm, of queries, keys and values, and of the
                projection.

        Returns:
            (B * T', H).
        """
        norm, norm_bias, qkv, qkv_bias, out, out_bias = parameters
        batch, width, enlarged = len(x), x.shape[2], 1 / (1 - rate)
        w_q, w_k, w_v = qkv.to(dtype).chunk(3)
        b_q, b_k, b_v = qkv_bias.to(dtype).chunk(3)
        # dropout enlarges attention weights, and then what they gather
        w_out, b_out = (out * enlarged**2).to(dtype), (out_bias * enlarged).to(dtype)
        rows, scale = x.view(-1, width), (width // heads) ** -0.5
        normed = Norm(rows, norm, norm_bias)
        tokens = normed.result.to(dtype)
        asking = _Attention.asking(tokens, batch, only)
        q = by_head(product(asking, w_q, b_q), batch, heads)
        k = by_head(product(tokens, w_k, b_k), batch, heads)
        v = by_head(product(tokens, w_v, b_v), batch, heads)
        attention = attend(q, k, mask, scale, x.dtype)
        looked = only_kept(attention, kept[0]).to(dtype)
        mixed = together(torch.bmm(looked, v), batch, heads)
        added = zero_dropped_(product(mixed, w_out, b_out), kept[1])
        context.save_for_backward(
            tokens, asking, q, k, v, attention, looked, mixed, w_q, w_k, w_v, w_out, *normed.saved
        )
        context.about = batch, only, heads, scale, enlarged, kept
        return _Attention.asking(rows, batch, only) + added

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        tokens, asking, q, k, v, attention, looked, mixed, *rest = context.saved_tensors
        w_q, w_k, w_v, w_out, *norm = rest
        batch, only, heads, scale, enlarged, kept = context.about
        (d_result,) = gradients
        wide, dtype = d_result.dtype, tokens.dtype
        d_out = zero_dropped_(d_result.to(dtype, copy=True), kept[1])
        d_w_out, d_out_bias = d_out.t() @ mixed, d_out.sum(0)
        d_mixed = by_head(product(d_out, w_out.t()), batch, heads)
        d_v = together(torch.bmm(looked.transpose(1, 2), d_mixed), batch, heads)
        d_looked = torch.bmm(d_mixed, v.transpose(1, 2)).to(wide)
        d_scores = attend_backward(d_looked, attention, kept[0], scale, dtype)
        d_q = together(torch.bmm(d_scores, k), batch, heads)
        d_k = together(torch.bmm(d_scores.transpose(1, 2), q), batch, heads)
        d_qkv = torch.cat([d_q.t() @ asking, d_k.t() @ tokens, d_v.t() @ tokens])
        d_qkv_bias = torch.cat([d_q.sum(0), d_k.sum(0), d_v.sum(0)])
        d_tokens = product(d_k, w_k.t()).add_(product(d_v, w_v.t()))
        _Attention.add_asking_(d_tokens, product(d_q, w_q.t()), batch, only)
        d_x, d_norm, d_norm_bias = Norm.backward(d_tokens, *norm)
        _Attention.add_asking_(d_x, d_result, batch, only)
        return (
            d_x.view(batch, -1, d_x.shape[1]), *[None] * 6, d_norm, d_norm_bias,
            d_qkv.to(wide), d_qkv_bias.to(wide),
            d_w_out.to(wide) * enlarged**2, d_out_bias.to(wide) * enlarged,
        )  # fmt: skip


class FusedSingleHead(_Attention):
    """The same for one head."""

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        mask: Tensor,
        only: slice | None,
        heads: int,
        rate: float,
        kept: tuple[Tensor | None, Tensor | None],
        dtype: torch.dtype,
        *parameters: Tensor,
    ) -> Tensor:
        """Compute it; arguments and result are those of `FusedAttention.forward`."""
        norm, norm_bias, qkv, qkv_bias, out, out_bias = parameters
        batch, width, enlarged = len(x), x.shape[2], 1 / (1 - rate)
        (w_q, w_k, w_v), (b_q, _, b_v) = qkv.chunk(3), qkv_bias.chunk(3)
        w_ask, b_ask = (w_k.t() @ w_q).to(dtype), (b_q @ w_k).to(dtype)
        w_tell, told = (out @ w_v * enlarged**2).to(dtype), (out @ b_v * enlarged**2).to(dtype)
        rows, scale = x.view(-1, width), width**-0.5
        normed = Norm(rows, norm, norm_bias)
        tokens = normed.result.to(dtype)
        asking = _Attention.asking(tokens, batch, only)
        q, k = product(asking, w_ask, b_ask).view(batch, -1, width), tokens.view(batch, -1, width)
        attention = attend(q, k, mask, scale, x.dtype)
        looked = only_kept(attention, kept[0]).to(dtype)
        mixed = torch.bmm(looked, k).view(-1, width)
        added = product(mixed, w_tell, (out_bias * enlarged).to(dtype))
        share = looked.sum(2).view(-1, 1)  # of the attention that dropout has left
        added = zero_dropped_(added.addcmul_(share, told), kept[1])
        context.save_for_backward(
            tokens, asking, q, attention, looked, mixed, share, w_ask, w_tell, told,
            qkv, qkv_bias, out, *normed.saved,
        )  # fmt: skip
        context.about = batch, only, scale, enlarged, kept
        return _Attention.asking(rows, batch, only) + added

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        tokens, asking, q, attention, looked, mixed, share, *rest = context.saved_tensors
        w_ask, w_tell, told, qkv, qkv_bias, out, *norm = rest
        batch, only, scale, enlarged, kept = context.about
        (d_result,) = gradients
        wide, dtype, width = d_result.dtype, tokens.dtype, tokens.shape[1]
        k = tokens.view(batch, -1, width)
        d_out = zero_dropped_(d_result.to(dtype, copy=True), kept[1])
        d_tell, d_out_bias = (d_out.t() @ mixed).to(wide), d_out.sum(0).to(wide) * enlarged
        d_told = (d_out.t() @ share).to(wide).squeeze(1)
        d_mixed = product(d_out, w_tell.t()).view(batch, -1, width)
        d_share = (d_out @ told).view(batch, -1, 1)
        d_looked = torch.bmm(d_mixed, k.transpose(1, 2)).add_(d_share).to(wide)
        d_scores = attend_backward(d_looked, attention, kept[0], scale, dtype)
        d_q = torch.bmm(d_scores, k).view(-1, width)
        d_tokens = torch.bmm(looked.transpose(1, 2), d_mixed)
        d_tokens.baddbmm_(d_scores.transpose(1, 2), q)
        d_tokens = d_tokens.view(-1, width)
        _Attention.add_asking_(d_tokens, product(d_q, w_ask.t()), batch, only)
        d_x, d_norm, d_norm_bias = Norm.backward(d_tokens, *norm)
        _Attention.add_asking_(d_x, d_result, batch, only)

        # from the products of matrices to the matrices
        (w_q, w_k, w_v), (b_q, _, b_v) = qkv.chunk(3), qkv_bias.chunk(3)
        d_ask, d_b_ask = (d_q.t() @ asking).to(wide), d_q.sum(0).to(wide)
        d_tell, d_told = d_tell * enlarged**2, d_told * enlarged**2
        d_qkv = torch.cat(
            [w_k @ d_ask, torch.addr(w_q @ d_ask.t(), b_q, d_b_ask), out.t() @ d_tell]
        )
        d_qkv_bias = torch.cat([w_k @ d_b_ask, torch.zeros_like(b_q), d_told @ out])
        d_w_out = torch.addr(d_tell @ w_v.t(), d_told, b_v)
        return (
            d_x.view(batch, -1, width), *[None] * 6,
            d_norm, d_norm_bias, d_qkv, d_qkv_bias, d_w_out, d_out_bias,
        )  # fmt: skip


def by_head(x: Tensor, batch: int, heads: int) -> Tensor:
    """Return (B * T, H) as (B * heads, T, H / heads)."""
    width = x.shape[1]
    split = x.view(batch, -1, heads, width // heads).transpose(1, 2)
    return split.reshape(batch * heads, -1, width // heads)


def together(x: Tensor, batch: int, heads: int) -> Tensor:
    """Return (B * heads, T, H / heads) as (B * T, H)."""
    split = x.view(batch, heads, -1, x.shape[2]).transpose(1, 2)
    return split.reshape(-1, heads * x.shape[2])
