"""Dropout by random bytes: on a CPU PyTorch's own dropout takes a fifth of a training step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # bytes of an element -> integer type


def draw_kept(shape: tuple[int, ...], rate: float) -> Tensor:
    """Draw which elements dropout keeps: uint8, 0 or 1, on the CPU.

    Each is 0 with probability `rate`, exactly. A random byte decides unless it equals the byte in
    which the rate lies; then one more random number decides. Both come from torch's generator.
    """
    size = int(np.prod(shape))
    words = torch.empty(-(-size // 8), dtype=torch.int64).random_(-(2**63), None)
    drawn = words.view(torch.uint8)[:size].numpy()
    level = int(rate * 256)
    kept = drawn > level
    undecided = np.flatnonzero(drawn == level)
    kept[undecided] = torch.rand(len(undecided), dtype=torch.float64).numpy() >= rate * 256 - level
    return torch.from_numpy(kept.view(np.uint8)).view(shape)


def zero_dropped_(x: Tensor, kept: Tensor | None) -> Tensor:
    """Set x to zero, in place, where `kept` (of its shape) is 0; None keeps all.

    The bits of x are multiplied as integers, so that no mask of x's type is needed.
    """
    if kept is not None:
        x.view(INTEGERS[x.element_size()]).mul_(kept)
    return x


def only_kept(x: Tensor, kept: Tensor | None) -> Tensor:
    """Return x with zeros where `kept` (of its shape) is 0, not rescaled; None keeps all."""
    if kept is None:
        return x
    return (x.view(INTEGERS[x.element_size()]) * kept).view(x.dtype)


class FastDropout(nn.Dropout):
    """`nn.Dropout` for a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """Return x (any shape); in training with a fraction `p` of zeros and the rest rescaled."""
        if x.device.type != "cpu" or not self.training or self.p == 0:
            return super().forward(x)
        kept = draw_kept(tuple(x.shape), self.p)
        dropped: Tensor = _Dropped.apply(x, kept, self.p)  # type: ignore[no-untyped-call]
        return dropped


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, kept: Tensor, rate: float) -> Tensor:
        """Return x / (1 - rate) where `kept`, and 0 elsewhere; all of the shape of x."""
        context.save_for_backward(kept)
        context.rate = rate
        return zero_dropped_(x / (1 - rate), kept)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = context.saved_tensors
        return zero_dropped_(gradients[0] / (1 - context.rate), kept), None, None
