"""A pre-norm GPT-2 block, as modules; on a CPU the same function is computed by dt/fused.py and
dt/fused_attention.py.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from dt.dropout import Dropout, draw_kept
from dt.fused import FusedMLP
from dt.fused_attention import FusedAttention, FusedSingleHead


class Attention(nn.Module):
    """Causal self-attention, written as plain batched products: at 3K = 60 tokens they beat the
    fused CPU kernel.

    Attributes:
        watched: whether a forward pass leaves its attention weights in `weights`.
        weights: (B, heads, T', T) of the last watched pass, before dropout; rows sum to 1.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.watched = False
        self.weights: Tensor | None = None
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, only: slice) -> Tensor:
        """Attend from the tokens `only` to all tokens.

        Args:
            x: (B, T, H) normalised tokens.
            mask: (T', T) additive: 0 where a token may look, -inf elsewhere.
            only: which T' of the T tokens ask.

        Returns:
            (B, T', H).
        """
        width = x.shape[2]
        asking = x[:, only]
        if asking.shape[1] == x.shape[1]:
            q, k, v = self.qkv(x).chunk(3, dim=2)
        else:  # keys and values of all tokens, queries of a few
            weight, bias = self.qkv.weight, self.qkv.bias
            q = functional.linear(asking, weight[:width], bias[:width])
            k, v = functional.linear(x, weight[width:], bias[width:]).chunk(2, dim=2)
        return self.mix(self.by_head(q), self.by_head(k), self.by_head(v), mask)

    def by_head(self, x: Tensor) -> Tensor:
        """Return (B, T, H) as (B, heads, T, H / heads)."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def mix(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        """Return what the queries (B, heads, T', H / heads) gather from keys and values
        (B, heads, T, H / heads), projected: (B, T', H).
        """
        weights = (q @ k.transpose(2, 3) / math.sqrt(q.shape[3]) + mask).softmax(dim=3)
        if self.watched:
            self.weights = weights.detach()
        # (B, heads, T', H / heads) -> (B, T', H)
        mixed = (self.dropout(weights) @ v).transpose(1, 2).flatten(2)
        projected: Tensor = self.project(mixed)
        return projected


class Block(nn.Module):
    """A pre-norm GPT-2 block with a ReLU inside (Table 9), or GELU (Table 8)."""

    def __init__(self, width: int, heads: int, dropout: float, *, gelu: bool = False) -> None:
        super().__init__()
        self.gelu = gelu
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.grow = nn.Linear(width, 4 * width)
        self.shrink = nn.Linear(4 * width, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor, only: slice) -> Tensor:
        """Return the residual stream (B, T', H) of the tokens `only` from all tokens (B, T, H)."""
        if x.device.type == "cpu" and not self.attention.watched:
            return self._fused(x, mask, only)
        return self.add(x[:, only], self.attention(self.norm1(x), mask, only))

    def add(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Return the residual stream (B, T', H) after attention gave `mixed`, likewise."""
        x = x + self.dropout(mixed)
        grown: Tensor = self.grow(self.norm2(x))
        hidden = functional.gelu(grown) if self.gelu else torch.relu(grown)
        added: Tensor = self.dropout(self.shrink(hidden))
        return x + added

    def _fused(self, x: Tensor, mask: Tensor, only: slice) -> Tensor:
        batch, tokens, width = x.shape
        asking, heads = len(mask), self.attention.heads
        rate = self.dropout.rate if self.training else 0.0
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        sizes = [(batch * heads, asking, tokens), *2 * [(batch * asking, width)]]
        looked, mixed, grown = [draw_kept(size, rate) if rate else None for size in sizes]
        first = (self.norm1, self.attention.qkv, self.attention.project)
        second = (self.norm2, self.grow, self.shrink)
        with torch.autocast("cpu", enabled=False):
            attention = FusedSingleHead if heads == 1 else FusedAttention
            stream: Tensor = attention.apply(  # type: ignore[no-untyped-call]
                x.contiguous(),
                mask,
                None if asking == tokens else only,
                heads,
                rate,
                (looked, mixed),
                dtype,
                *[parameter for layer in first for parameter in (layer.weight, layer.bias)],
            )
            result: Tensor = FusedMLP.apply(  # type: ignore[no-untyped-call]
                stream,
                rate,
                grown,
                dtype,
                self.gelu,
                *[parameter for layer in second for parameter in (layer.weight, layer.bias)],
            )
        return result.view(batch, asking, width)
