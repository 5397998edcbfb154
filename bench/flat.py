"""A network's parameters side by side in one array: clipping and the optimiser take one step for all,
not one for each.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn


def flatten(parameters: Iterable[nn.Parameter]) -> nn.Parameter:
    """Lay parameters, and their gradients, out in one array.

    Parameters stay what they were, but as views; their gradients are views of that of the result and
    must be set to zero in place, never to None. Call it when they are where they train.

    Returns:
        The array, (P,), for an optimiser that treats all parameters alike.
    """
    parameters = list(parameters)
    whole = nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    whole.grad = torch.zeros_like(whole)
    start = 0
    for parameter in parameters:
        part = slice(start, start + parameter.numel())
        parameter.data = whole.detach()[part].view_as(parameter)
        parameter.grad = whole.grad[part].view_as(parameter)
        start = part.stop
    return whole
