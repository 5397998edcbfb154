"""Matrix products on a CPU by oneDNN, also those in float32, which PyTorch gives to MKL: on AMD's
processors that takes a seventh more.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

# what torch.compile's own code calls for a linear layer; builds of PyTorch without oneDNN lack it
_linear: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None, relu: bool = False) -> Tensor:
    """Return x weight^T + bias, with a ReLU on request.

    Args:
        x: (N, I) on a CPU.
        weight: (O, I) of the same type; may be a transposed view.
        bias: (O,) of the same type.
        relu: whether negative results become 0; so do results that are NaN. Training notices NaN
            all the same: one in a gradient is in its norm, and so in all weights.

    Returns:
        (N, O).
    """
    if _linear is not None and x.dtype in (torch.float32, torch.bfloat16):
        result: Tensor = _linear(x, weight, bias, "relu" if relu else "none", [], "")
        return result
    result = functional.linear(x, weight, bias)
    return result.relu_() if relu else result
