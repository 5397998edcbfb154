"""A transformer block whose two halves have hand-written derivatives."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from dt.cpu.dropout import draw_kept
from dt.cpu.fused import FusedMLP
from dt.cpu.fused_attention import FusedAttention, FusedSingleHead
from dt.model import EVERY, Block, Weights


class FastBlock(Block):
    """`Block` for a CPU. Where attention weights are asked for it computes what `Block` does."""

    def forward(
        self, x: Tensor, mask: Tensor, query_positions: slice = EVERY, attention: Weights = None
    ) -> Tensor:
        """Return the residual stream, (B, T, H) -> (B, T', H); arguments as in `Block`."""
        if attention is not None or x.device.type != "cpu":
            return super().forward(x, mask, query_positions, attention)
        batch, tokens, width = x.shape
        mask = mask[query_positions]
        queries, heads = len(mask), self.attention.heads
        rate = self.dropout.p if self.training else 0.0
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
        sizes = [(batch * heads, queries, tokens), *2 * [(batch * queries, width)]]
        weights_kept, mixed_kept, hidden_kept = [
            draw_kept(size, rate) if rate else None for size in sizes
        ]
        first = (self.norm1, self.attention.qkv, self.attention.project)
        second = (self.norm2, self.mlp.fc1, self.mlp.fc2)
        with torch.autocast("cpu", enabled=False):
            half = FusedSingleHead if heads == 1 else FusedAttention
            stream: Tensor = half.apply(  # type: ignore[no-untyped-call]
                x.contiguous(),
                mask,
                None if queries == tokens else query_positions,
                heads,
                rate,
                (weights_kept, mixed_kept),
                dtype,
                *[parameter for layer in first for parameter in (layer.weight, layer.bias)],
            )
            result: Tensor = FusedMLP.apply(  # type: ignore[no-untyped-call]
                stream,
                rate,
                hidden_kept,
                dtype,
                self.mlp.gelu,
                *[parameter for layer in second for parameter in (layer.weight, layer.bias)],
            )
        return result.view(batch, queries, width)


@cache
def supported() -> bool:
    """Return whether this build of PyTorch has all operators that the fast block calls: tried once,
    on two tokens.
    """
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        try:
            for heads, gelu in ((1, False), (2, True)):
                block = FastBlock(width=2, heads=heads, dropout=0.0, gelu=gelu)
                block(torch.ones(1, 2, 2), torch.zeros(2, 2)).sum().backward()
        except (AttributeError, RuntimeError):
            return False
    return True
