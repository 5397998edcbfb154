"""Random tensors, kept elements and gradients for the tests of dt/cpu/."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from dt.cpu.dropout import draw_kept

B, T, WIDTH = 3, 7, 8
STATES = slice(1, None, 3)  # 2 of 7 tokens


def random(*shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return standard normal numbers."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def parameters(*shapes: tuple[int, ...]) -> list[Tensor]:
    """Return random parameters of these shapes."""
    return [random(*shape, seed=i).requires_grad_() for i, shape in enumerate(shapes)]


def kept_of(shape: tuple[int, ...], rate: float) -> Tensor | None:
    """Return which elements dropout keeps; None without dropout."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(math.prod(shape))
        return draw_kept(shape, rate) if rate else None


def after_dropout(x: Tensor, kept: Tensor | None, rate: float) -> Tensor:
    """Return x after dropout, from its definition."""
    return x if kept is None else x * kept.view(x.shape) / (1 - rate)


def gradients(result: Tensor, inputs: list[Tensor]) -> list[Tensor]:
    """Return the gradients of a randomly weighted sum of the result."""
    weights = random(*result.shape, seed=99, dtype=result.dtype)
    return list(torch.autograd.grad((result * weights).sum(), inputs))
