"""Keys and values of earlier tokens, kept instead of computed again at every step.

This is exact as long as the context covers the whole episode: no token ever leaves the window, and
under the causal mask the output at an earlier token does not depend on later ones. In a window that
slides, tokens change with it, and nothing can be kept.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dt.model import DecisionTransformer


class KVCache:
    """Keys and values of every layer, for L episodes of at most T tokens."""

    def __init__(self, model: DecisionTransformer, num_envs: int, tokens: int, device: str) -> None:
        """Allocate the memory; the cache is empty."""
        layers = model.transformer.layers
        width, heads = model.predict_action.in_features, layers[0].attention.heads
        shape = (num_envs, heads, tokens, width // heads)
        self.model = model
        self.length = 0
        self.keys = [torch.zeros(shape, device=device) for _ in layers]
        self.values = [torch.zeros(shape, device=device) for _ in layers]

    def extend(self, tokens: Tensor) -> Tensor:
        """Return the transformer's output (L, n, H) at n new tokens, and keep their keys and values.

        Args:
            tokens: (L, n, H), as `DecisionTransformer.embed` returns them.
        """
        start, stop = self.length, self.length + tokens.shape[1]
        mask = torch.full((tokens.shape[1], stop), -math.inf, device=tokens.device).triu(1 + start)
        x = self.model.enter(tokens)
        layers = self.model.transformer.layers
        for block, keys, values in zip(layers, self.keys, self.values, strict=True):
            attention = block.attention
            qkv = attention.qkv(block.norm1(x)).chunk(3, dim=2)
            q, k, v = (attention.split_heads(part) for part in qkv)
            keys[:, :, start:stop], values[:, :, start:stop] = k, v
            x = x + attention.attend(q, keys[:, :, :stop], values[:, :, :stop], mask)
            x = x + block.mlp(block.norm2(x))
        self.length = stop
        normalised: Tensor = self.model.transformer.final_norm(x)
        return normalised
