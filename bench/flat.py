"""A network's parameters side by side in one array: clipping and the optimiser take one step for all,
not one for each.
"""

from __future__ import annotations

import torch
from torch import nn


def flatten(module: nn.Module) -> nn.Parameter:
    """Lay the parameters of a module, and their gradients, out in one array.

    Parameters stay what they were, but as views; their gradients are views of that of the result and
    must be set to zero in place, never to None. Call it when the module is where it trains.

    Returns:
        The array, (P,), for an optimiser that treats all parameters alike.
    """
    parameters = list(module.parameters())
    whole = nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
    whole.grad = torch.zeros_like(whole)
    start = 0
    for parameter in parameters:
        part = slice(start, start + parameter.numel())
        parameter.data = whole.detach()[part].view_as(parameter)
        parameter.grad = whole.grad[part].view_as(parameter)
        start = part.stop
    return whole
