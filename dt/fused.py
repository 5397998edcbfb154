"""The two halves of a transformer block with their derivatives written out, for training on a CPU.

Their function is that of `dt.blocks.Block`; tests/test_dt_fused.py compares outputs and gradients. What
is saved against autograd: weights are cast once, nothing is copied between layouts, dropout's scale is
multiplied into weights, half a million numbers a layer are passed over less often, and with one head
attention needs two products of weights and tokens instead of four (dt/fused_attention.py).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from dt.dropout import zero_dropped_
from dt.products import product

EPSILON = 1e-5  # LayerNorm's
layer_norm_backward = torch.ops.aten.native_layer_norm_backward
threshold_backward = torch.ops.aten.threshold_backward
gelu_backward = torch.ops.aten.gelu_backward


class Norm:
    """LayerNorm of (N, H), and its derivative."""

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor) -> None:
        self.result, mean, scale = torch.native_layer_norm(x, x.shape[1:], weight, bias, EPSILON)
        self.saved = x, mean, scale, weight, bias

    @staticmethod
    def backward(gradient: Tensor, *saved: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the gradients of x, weight and bias for that of the result (of any type)."""
        x, mean, scale, weight, bias = saved
        gradient = gradient.to(x.dtype)
        results: tuple[Tensor, Tensor, Tensor] = layer_norm_backward(
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
            x: (N, H) the stream.
            rate: of dropout.
            kept: (N, H) what dropout keeps, uint8; None: all.
            dtype: of the matrix products.
            gelu: between the layers, instead of a ReLU.
            parameters: weight and bias of the norm, of the layer that grows and that which shrinks.

        Returns:
            (N, H).
        """
        norm, norm_bias, grow, grow_bias, shrink, shrink_bias = parameters
        enlarged = 1 / (1 - rate)
        w_grow, b_grow = grow.to(dtype), grow_bias.to(dtype)
        w_shrink, b_shrink = (shrink * enlarged).to(dtype), (shrink_bias * enlarged).to(dtype)
        normed = Norm(x, norm, norm_bias)
        entering = normed.result.to(dtype)
        grown = product(entering, w_grow, b_grow, relu=not gelu)
        hidden = functional.gelu(grown) if gelu else grown
        result = x + zero_dropped_(product(hidden, w_shrink, b_shrink), kept)
        context.save_for_backward(entering, grown, hidden, w_grow, w_shrink, *normed.saved)
        context.about = enlarged, kept, gelu
        return result

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of x and of the parameters."""
        entering, grown, hidden, w_grow, w_shrink, *norm = context.saved_tensors
        enlarged, kept, gelu = context.about
        (d_result,) = gradients
        d_out = zero_dropped_(d_result.to(entering.dtype, copy=True), kept)
        d_shrink, d_shrink_bias = d_out.t() @ hidden, d_out.sum(0)
        d_hidden = product(d_out, w_shrink.t())
        if gelu:
            d_hidden = gelu_backward(d_hidden, grown)
        else:
            threshold_backward.grad_input(d_hidden, hidden, 0, grad_input=d_hidden)
        d_grow, d_grow_bias = d_hidden.t() @ entering, d_hidden.sum(0)
        d_x, d_norm, d_norm_bias = Norm.backward(product(d_hidden, w_grow.t()), *norm)
        d_x += d_result
        wide = d_result.dtype
        return (
            d_x, *[None] * 4, d_norm, d_norm_bias, d_grow.to(wide), d_grow_bias.to(wide),
            d_shrink.to(wide) * enlarged, d_shrink_bias.to(wide) * enlarged,
        )  # fmt: skip
