"""dt/cpu/fused.py against autograd on plain formulas, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from dt.cpu.fused import FusedMLP, Norm
from tests.helpers.fused import WIDTH, B, T, after_dropout, gradients, kept_of, parameters, random


def plain_mlp(
    x: Tensor, rate: float, kept: Tensor | None, gelu: bool, weights: list[Tensor]
) -> Tensor:
    norm, norm_bias, fc1, fc1_bias, fc2, fc2_bias = weights
    before = functional.layer_norm(x, (WIDTH,), norm, norm_bias) @ fc1.t() + fc1_bias
    normal = 0.5 * (1 + torch.erf(before / math.sqrt(2)))  # the normal distribution function
    hidden = before * normal if gelu else before.relu()
    return x + after_dropout(hidden @ fc2.t() + fc2_bias, kept, rate)


@pytest.mark.parametrize("gelu", [False, True], ids=["relu", "gelu"])
@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_the_mlp_has_the_outputs_and_gradients_of_the_plain_formula(
    rate: float, gelu: bool
) -> None:
    x = random(B * T, WIDTH, seed=7).requires_grad_()
    weights = parameters(
        (WIDTH,), (WIDTH,), (4 * WIDTH, WIDTH), (4 * WIDTH,), (WIDTH, 4 * WIDTH), (WIDTH,)
    )
    kept = kept_of((B * T, WIDTH), rate)
    ours = FusedMLP.apply(x, rate, kept, x.dtype, gelu, *weights)
    plain = plain_mlp(x, rate, kept, gelu, weights)
    torch.testing.assert_close(ours, plain, rtol=1e-10, atol=1e-10)
    expected = gradients(plain, [x, *weights])
    for one, other in zip(gradients(ours, [x, *weights]), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-10)


def test_the_norm_has_the_outputs_and_gradients_of_a_layer_norm() -> None:
    x, (weight, bias) = random(B * T, WIDTH, seed=7), parameters((WIDTH,), (WIDTH,))
    x.requires_grad_()
    plain = functional.layer_norm(x, (WIDTH,), weight, bias)
    normed = Norm(x.detach(), weight.detach(), bias.detach())
    torch.testing.assert_close(normed.result, plain)
    gradient = random(B * T, WIDTH, seed=8)
    expected = torch.autograd.grad(plain, [x, weight, bias], gradient)
    for one, other in zip(Norm.backward(gradient, *normed.saved), expected, strict=True):
        torch.testing.assert_close(one, other)
