"""Dropout by cheap random bytes: on a CPU, PyTorch's own takes a fifth of a training step."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

INTEGERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # as wide as so many bytes


def draw_kept(shape: tuple[int, ...], rate: float) -> Tensor:
    """Return which elements dropout keeps, uint8 of 0 and 1, on the CPU.

    Each is 0 with probability `rate`, exactly: a random byte decides unless it falls on the byte
    in which the rate lies, where one more number does. Both come from torch's generator.
    """
    size = int(np.prod(shape))
    words = torch.empty(-(-size // 8), dtype=torch.int64).random_(-(2**63), None)
    drawn = words.view(torch.uint8)[:size].numpy()
    level = int(rate * 256)
    kept = drawn > level
    on_the_edge = np.flatnonzero(drawn == level)
    beyond = torch.rand(len(on_the_edge), dtype=torch.float64).numpy() >= rate * 256 - level
    kept[on_the_edge] = beyond
    return torch.from_numpy(kept.view(np.uint8)).view(shape)


def zero_dropped_(x: Tensor, kept: Tensor | None) -> Tensor:
    """Set x to zero, in place, where `kept` (of its shape) is 0; None keeps all. Its bits are
    multiplied: that needs no mask of x's type.
    """
    if kept is not None:
        x.view(INTEGERS[x.element_size()]).mul_(kept)
    return x


def only_kept(x: Tensor, kept: Tensor | None) -> Tensor:
    """Return x with zeros where `kept` (of its shape) is 0, not enlarged; None keeps all."""
    if kept is None:
        return x
    return (x.view(INTEGERS[x.element_size()]) * kept).view(x.dtype)


class Dropout(nn.Module):
    """`nn.Dropout`, faster on a CPU."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return x (any shape); while training with a share `rate` of zeros and the rest enlarged."""
        if not self.training or self.rate == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.rate)
        kept = draw_kept(tuple(x.shape), self.rate)
        dropped: Tensor = _Dropped.apply(x, kept, self.rate)  # type: ignore[no-untyped-call]
        return dropped


class _Dropped(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, x: Tensor, kept: Tensor, rate: float) -> Tensor:
        context.save_for_backward(kept)
        context.rate = rate
        return zero_dropped_(x / (1 - rate), kept)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (kept,) = context.saved_tensors
        return zero_dropped_(gradients[0] / (1 - context.rate), kept), None, None
