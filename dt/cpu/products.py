"""Matrix products by oneDNN, also in float32: there PyTorch calls MKL, which takes a seventh more time
on AMD's processors.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """Return x weight^T + bias, followed by a ReLU on request.

    Args:
        x: (N, I) on a CPU.
        weight: (O, I) of the same type; may be a transposed view.
        bias: (O,) of the same type.
        relu: whether negative results become 0. NaN becomes 0 too. Training still notices NaN: one
            in a gradient makes the gradient's norm NaN, and then all weights.

    Returns:
        (N, O).
    """
    if onednn_takes(x.dtype):
        # the linear layer that code from torch.compile calls; PyTorch has no public name for it
        result: Tensor = torch.ops.mkldnn._linear_pointwise(
            x, weight, bias, "relu" if relu else "none", [], ""
        )
        return result
    result = functional.linear(x, weight, bias)
    return result.relu_() if relu else result


@cache
def onednn_takes(dtype: torch.dtype) -> bool:
    """Return whether oneDNN's linear layer is in this build of PyTorch and takes this type on this
    processor: tried once, on one number.
    """
    if dtype not in (torch.float32, torch.bfloat16):
        return False
    one = torch.ones(1, 1, dtype=dtype)
    try:
        torch.ops.mkldnn._linear_pointwise(one, one, None, "none", [], "")
    except (AttributeError, RuntimeError):
        return False
    return True
