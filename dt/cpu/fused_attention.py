"""The first half of a transformer block with a hand-written derivative, for training on a CPU;
dt/cpu/fused.py says what is saved.

With one head as wide as the tokens there is a shorter way to the same numbers. For tokens a (rows),
scores are (a Wq' + bq)(a Wk' + bk)' = (a Wq' Wk + bq Wk) a' + a term that is equal for all keys and that
the softmax therefore ignores. What is gathered from the values, projected, is P (a Wv' + bv) Wo' =
(P a) (Wo Wv)' + (P 1) (Wo bv)', with attention weights P. So neither keys nor values are computed, only
products of weight matrices, which are small beside products with tokens.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dt.cpu.dropout import only_kept, zero_dropped_
from dt.cpu.fused import Norm, aten
from dt.cpu.products import product


class _Attention(torch.autograd.Function):
    """What both ways share: how the tokens that are queries are taken out and put back."""

    @staticmethod
    def queries(tokens: Tensor, batch: int, query_positions: slice | None) -> Tensor:
        """Return the rows (B * T', H) of (B * T, H) that are queries; None: all."""
        if query_positions is None:
            return tokens
        width = tokens.shape[1]
        return tokens.view(batch, -1, width)[:, query_positions].reshape(-1, width)

    @staticmethod
    def add_to_queries_(
        tokens: Tensor, part: Tensor, batch: int, query_positions: slice | None
    ) -> Tensor:
        """Add (B * T', H) to the rows of (B * T, H) that are queries."""
        if query_positions is None:
            return tokens.add_(part)
        width = tokens.shape[1]
        tokens.view(batch, -1, width)[:, query_positions].add_(part.view(batch, -1, width))
        return tokens


def attention_weights(
    q: Tensor, k: Tensor, mask: Tensor, scale: float, wide: torch.dtype
) -> Tensor:
    """Return attention weights (G, T', T) of queries (G, T', D) and keys (G, T, D)."""
    scores = torch.bmm(q, k.transpose(1, 2)).to(wide).mul_(scale).add_(mask)
    return scores.softmax(dim=2)


def scores_backward(
    d_dropped: Tensor, weights: Tensor, kept: Tensor | None, scale: float, dtype: torch.dtype
) -> Tensor:
    """Return the gradient of the products q k', given that of the attention weights after dropout."""
    d_weights = zero_dropped_(d_dropped, kept)
    d_scores: Tensor = aten._softmax_backward_data(d_weights, weights, 2, weights.dtype)
    return d_scores.mul_(scale).to(dtype)


class FusedAttention(_Attention):
    """The residual stream after the first half of a block, with any number of heads."""

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        mask: Tensor,
        query_positions: slice | None,
        heads: int,
        rate: float,
        kept: tuple[Tensor | None, Tensor | None],
        dtype: torch.dtype,
        *parameters: Tensor,
    ) -> Tensor:
        """Compute it.

        Args:
            context: for `backward`.
            x: (B, T, H), the residual stream, contiguous.
            mask: (T', T), added to the scores: 0 where a query may attend to a key, else -inf.
            query_positions: which T' of the T tokens are queries; None: all.
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
        # dropout rescales attention weights, and then what they gather
        w_out, b_out = (out * enlarged**2).to(dtype), (out_bias * enlarged).to(dtype)
        rows, scale = x.view(-1, width), (width // heads) ** -0.5
        normed = Norm(rows, norm, norm_bias)
        tokens = normed.result.to(dtype)
        queries = _Attention.queries(tokens, batch, query_positions)
        q = by_head(product(queries, w_q, b_q), batch, heads)
        k = by_head(product(tokens, w_k, b_k), batch, heads)
        v = by_head(product(tokens, w_v, b_v), batch, heads)
        weights = attention_weights(q, k, mask, scale, x.dtype)
        dropped = only_kept(weights, kept[0]).to(dtype)
        mixed = together(torch.bmm(dropped, v), batch, heads)
        added = zero_dropped_(product(mixed, w_out, b_out), kept[1])
        context.save_for_backward(
            tokens, queries, q, k, v, weights, dropped, mixed, w_q, w_k, w_v, w_out, *normed.saved
        )
        context.about = batch, query_positions, heads, scale, enlarged, kept
        return _Attention.queries(rows, batch, query_positions) + added

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        tokens, queries, q, k, v, weights, dropped, mixed, *rest = context.saved_tensors
        w_q, w_k, w_v, w_out, *norm = rest
        batch, query_positions, heads, scale, enlarged, kept = context.about
        (d_result,) = gradients
        wide, dtype = d_result.dtype, tokens.dtype
        d_out = zero_dropped_(d_result.to(dtype, copy=True), kept[1])
        d_w_out, d_out_bias = d_out.t() @ mixed, d_out.sum(0)
        d_mixed = by_head(product(d_out, w_out.t()), batch, heads)
        d_v = together(torch.bmm(dropped.transpose(1, 2), d_mixed), batch, heads)
        d_dropped = torch.bmm(d_mixed, v.transpose(1, 2)).to(wide)
        d_scores = scores_backward(d_dropped, weights, kept[0], scale, dtype)
        d_q = together(torch.bmm(d_scores, k), batch, heads)
        d_k = together(torch.bmm(d_scores.transpose(1, 2), q), batch, heads)
        d_qkv = torch.cat([d_q.t() @ queries, d_k.t() @ tokens, d_v.t() @ tokens])
        d_qkv_bias = torch.cat([d_q.sum(0), d_k.sum(0), d_v.sum(0)])
        d_tokens = product(d_k, w_k.t()).add_(product(d_v, w_v.t()))
        _Attention.add_to_queries_(d_tokens, product(d_q, w_q.t()), batch, query_positions)
        d_x, d_norm, d_norm_bias = Norm.backward(d_tokens, *norm)
        _Attention.add_to_queries_(d_x, d_result, batch, query_positions)
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
        query_positions: slice | None,
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
        w_query, query_bias = (w_k.t() @ w_q).to(dtype), (b_q @ w_k).to(dtype)
        w_value = (out @ w_v * enlarged**2).to(dtype)
        value_bias = (out @ b_v * enlarged**2).to(dtype)
        rows, scale = x.view(-1, width), width**-0.5
        normed = Norm(rows, norm, norm_bias)
        tokens = normed.result.to(dtype)
        queries = _Attention.queries(tokens, batch, query_positions)
        q = product(queries, w_query, query_bias).view(batch, -1, width)
        k = tokens.view(batch, -1, width)
        weights = attention_weights(q, k, mask, scale, x.dtype)
        dropped = only_kept(weights, kept[0]).to(dtype)
        mixed = torch.bmm(dropped, k).view(-1, width)
        added = product(mixed, w_value, (out_bias * enlarged).to(dtype))
        total = dropped.sum(2).view(-1, 1)  # of the attention weights that dropout kept
        added = zero_dropped_(added.addcmul_(total, value_bias), kept[1])
        context.save_for_backward(
            tokens, queries, q, weights, dropped, mixed, total, w_query, w_value, value_bias,
            qkv, qkv_bias, out, *normed.saved,
        )  # fmt: skip
        context.about = batch, query_positions, scale, enlarged, kept
        return _Attention.queries(rows, batch, query_positions) + added

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        tokens, queries, q, weights, dropped, mixed, total, *rest = context.saved_tensors
        w_query, w_value, value_bias, qkv, qkv_bias, out, *norm = rest
        batch, query_positions, scale, enlarged, kept = context.about
        (d_result,) = gradients
        wide, dtype, width = d_result.dtype, tokens.dtype, tokens.shape[1]
        k = tokens.view(batch, -1, width)
        d_out = zero_dropped_(d_result.to(dtype, copy=True), kept[1])
        d_w_value, d_out_bias = (d_out.t() @ mixed).to(wide), d_out.sum(0).to(wide) * enlarged
        d_value_bias = (d_out.t() @ total).to(wide).squeeze(1)
        d_mixed = product(d_out, w_value.t()).view(batch, -1, width)
        d_total = (d_out @ value_bias).view(batch, -1, 1)
        d_dropped = torch.bmm(d_mixed, k.transpose(1, 2)).add_(d_total).to(wide)
        d_scores = scores_backward(d_dropped, weights, kept[0], scale, dtype)
        d_q = torch.bmm(d_scores, k).view(-1, width)
        d_tokens = torch.bmm(dropped.transpose(1, 2), d_mixed)
        d_tokens.baddbmm_(d_scores.transpose(1, 2), q)
        d_tokens = d_tokens.view(-1, width)
        _Attention.add_to_queries_(d_tokens, product(d_q, w_query.t()), batch, query_positions)
        d_x, d_norm, d_norm_bias = Norm.backward(d_tokens, *norm)
        _Attention.add_to_queries_(d_x, d_result, batch, query_positions)

        # from the products of weight matrices to the matrices themselves
        (w_q, w_k, w_v), (b_q, _, b_v) = qkv.chunk(3), qkv_bias.chunk(3)
        d_w_query, d_query_bias = (d_q.t() @ queries).to(wide), d_q.sum(0).to(wide)
        d_w_value, d_value_bias = d_w_value * enlarged**2, d_value_bias * enlarged**2
        d_w_q, d_w_k = w_k @ d_w_query, torch.addr(w_q @ d_w_query.t(), b_q, d_query_bias)
        d_qkv = torch.cat([d_w_q, d_w_k, out.t() @ d_w_value])
        d_qkv_bias = torch.cat([w_k @ d_query_bias, torch.zeros_like(b_q), d_value_bias @ out])
        d_w_out = torch.addr(d_w_value @ w_v.t(), d_value_bias, b_v)
        return (
            d_x.view(batch, -1, width), *[None] * 6,
            d_norm, d_norm_bias, d_qkv, d_qkv_bias, d_w_out, d_out_bias,
        )  # fmt: skip


def by_head(x: Tensor, batch: int, heads: int) -> Tensor:
    """(B * T, H) -> (B * heads, T, H / heads)."""
    width = x.shape[1]
    split = x.view(batch, -1, heads, width // heads).transpose(1, 2)
    return split.reshape(batch * heads, -1, width // heads)


def together(x: Tensor, batch: int, heads: int) -> Tensor:
    """(B * heads, T, H / heads) -> (B * T, H)."""
    split = x.view(batch, heads, -1, x.shape[2]).transpose(1, 2)
    return split.reshape(-1, heads * x.shape[2])
