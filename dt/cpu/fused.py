"""The second half of a transformer block with a hand-written derivative, for training on a CPU.

It computes what `dt.model.Block` computes; tests/dt/cpu/test_fused.py compares outputs and gradients.
Compared with autograd on the plain block, weights are cast once, nothing is copied between layouts,
the scale of dropout is multiplied into weights, and activations are read fewer times. With one head,
attention needs two products of weights and tokens instead of four (dt/cpu/fused_attention.py).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dt.cpu.dropout import zero_dropped_
from dt.cpu.products import product

EPSILON = 1e-5  # LayerNorm's
aten = torch.ops.aten


class Norm:
    """LayerNorm of (N, H), and its derivative."""

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor) -> None:
        self.result, mean, scale = torch.native_layer_norm(x, x.shape[1:], weight, bias, EPSILON)
        self.saved = x, mean, scale, weight, bias

    @staticmethod
    def backward(gradient: Tensor, *saved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of x, weight and bias, given that of the result (of any type)."""
        x, mean, scale, weight, bias = saved
        gradient = gradient.to(x.dtype)
        results: tuple[Tensor, Tensor, Tensor] = aten.native_layer_norm_backward(
            gradient, x, x.shape[1:], mean, scale, weight, bias, [True, True, True]
        )
        return results


class FusedMLP(torch.autograd.Function):
    """The residual stream after the second half of a block."""

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        rate: float,
        kept: Tensor | None,
        dtype: torch.dtype,
        gelu: bool,
        *parameters: Tensor,
    ) -> Tensor:
        """Compute it.

        Args:
            context: for `backward`.
            x: (N, H), the residual stream.
            rate: of dropout.
            kept: (N, H) uint8, what dropout keeps; None: all.
            dtype: of the matrix products.
            gelu: whether a GELU is between the layers, instead of a ReLU.
            parameters: weight and bias of the norm, of fc1 and of fc2.

        Returns:
            (N, H).
        """
        norm, norm_bias, fc1, fc1_bias, fc2, fc2_bias = parameters
        scale = 1 / (1 - rate)
        w_fc1, b_fc1 = fc1.to(dtype), fc1_bias.to(dtype)
        w_fc2, b_fc2 = (fc2 * scale).to(dtype), (fc2_bias * scale).to(dtype)
        normed = Norm(x, norm, norm_bias)
        entering = normed.result.to(dtype)
        before = product(entering, w_fc1, b_fc1, relu=not gelu)  # with a ReLU: after it
        hidden = functional.gelu(before) if gelu else before
        result = x + zero_dropped_(product(hidden, w_fc2, b_fc2), kept)
        context.save_for_backward(entering, before, hidden, w_fc1, w_fc2, *normed.saved)
        context.about = scale, kept, gelu
        return result

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        entering, before, hidden, w_fc1, w_fc2, *norm = context.saved_tensors
        scale, kept, gelu = context.about
        (d_result,) = gradients
        d_out = zero_dropped_(d_result.to(entering.dtype, copy=True), kept)
        d_fc2, d_fc2_bias = d_out.t() @ hidden, d_out.sum(0)
        d_hidden = product(d_out, w_fc2.t())
        if gelu:
            d_hidden = aten.gelu_backward(d_hidden, before)
        else:
            aten.threshold_backward.grad_input(d_hidden, hidden, 0, grad_input=d_hidden)
        d_fc1, d_fc1_bias = d_hidden.t() @ entering, d_hidden.sum(0)
        d_x, d_norm, d_norm_bias = Norm.backward(product(d_hidden, w_fc1.t()), *norm)
        d_x += d_result
        wide = d_result.dtype
        return (
            d_x, *[None] * 4, d_norm, d_norm_bias, d_fc1.to(wide), d_fc1_bias.to(wide),
            d_fc2.to(wide) * scale, d_fc2_bias.to(wide) * scale,
        )  # fmt: skip
