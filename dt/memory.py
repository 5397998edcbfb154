"""The transformer one token at a time: keys and values of earlier tokens are remembered, not computed
again.

Exact as long as the context is the whole episode: then no token ever leaves the window, and under the
causal mask what an earlier token computed does not depend on later ones. A window that slides changes
what its tokens see, so there is nothing to remember.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dt.model import DecisionTransformer


class Memory:
    """Keys and values of every layer for L episodes of at most T tokens."""

    def __init__(self, model: DecisionTransformer, envs: int, tokens: int, device: str) -> None:
        """Make room; nothing is remembered yet."""
        width, heads = model.final_norm.weight.numel(), model.layers[0].attention.heads
        shape = (envs, heads, tokens, width // heads)
        self.model = model
        self.length = 0
        self.keys = [torch.zeros(shape, device=device) for _ in model.layers]
        self.values = [torch.zeros(shape, device=device) for _ in model.layers]

    def extend(self, tokens: Tensor) -> Tensor:
        """Return the transformer's output (L, n, H) at n new tokens (L, n, H), not yet normalised
        as in `DecisionTransformer.embed`, and remember them.
        """
        start, stop = self.length, self.length + tokens.shape[1]
        asking = torch.full((tokens.shape[1], stop), -math.inf, device=tokens.device)
        mask = asking.triu(1 + start)
        x = self.model.enter(tokens)
        for block, keys, values in zip(self.model.layers, self.keys, self.values, strict=True):
            attention = block.attention
            q, k, v = (
                attention.by_head(part) for part in attention.qkv(block.norm1(x)).chunk(3, dim=2)
            )
            keys[:, :, start:stop], values[:, :, start:stop] = k, v
            x = block.add(x, attention.mix(q, keys[:, :, :stop], values[:, :, :stop], mask))
        self.length = stop
        normalised: Tensor = self.model.final_norm(x)
        return normalised
