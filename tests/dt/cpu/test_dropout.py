"""dt/cpu/dropout.py: its rate is exact, its draws independent, and its gradient right."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from dt.cpu.dropout import FastDropout, draw_kept, only_kept, zero_dropped_
from tests.helpers.fused import random


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.25, 1 / 3, 0.001, 0.999])
def test_the_rate_is_exact(rate: float) -> None:
    """Within four standard deviations of 4 million draws; 0.001 and 0.999 are between two bytes."""
    torch.manual_seed(1)
    draws = 4_000_000
    kept = draw_kept((draws,), rate)
    assert set(kept.unique().tolist()) == {0, 1}
    assert abs(kept.double().mean() - (1 - rate)) < 4 * math.sqrt(rate * (1 - rate) / draws)


def test_kept_elements_are_independent_of_their_neighbours() -> None:
    torch.manual_seed(2)
    kept = draw_kept((1_000_000,), 0.5).double() - 0.5
    for lag in (1, 2, 7, 8, 64):
        assert abs((kept[lag:] * kept[:-lag]).mean()) < 4 * 0.25 / 1000


def test_kept_elements_and_their_gradient_are_rescaled() -> None:
    torch.manual_seed(3)
    layer = FastDropout(0.25).train()
    x = random(50, 40, seed=0, dtype=torch.float32).requires_grad_()
    y = layer(x)
    kept = y != 0
    torch.testing.assert_close(y, torch.where(kept, x / 0.75, 0.0))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient, kept / 0.75)
    assert 0.6 < kept.float().mean() < 0.9


def test_without_training_or_rate_it_is_the_plain_layer() -> None:
    x = random(5, 4, seed=0)
    for layer in (FastDropout(0.25).eval(), FastDropout(0.0).train()):
        assert isinstance(layer, nn.Dropout)
        assert torch.equal(layer(x), x)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_elements_that_are_not_kept_become_zero(dtype: torch.dtype) -> None:
    x, kept = random(5, 4, seed=0, dtype=dtype), draw_kept((5, 4), 0.5)
    expected = torch.where(kept.bool(), x, torch.zeros((), dtype=dtype))
    assert torch.equal(only_kept(x, kept), expected)
    assert only_kept(x, None) is x
    assert zero_dropped_(x, None) is x
    assert zero_dropped_(x, kept) is x
    assert torch.equal(x, expected)
