"""torch's optimisers without its compiler.

Some methods of torch's optimisers go through wrappers that keep torch.compile away from them. Their
first call loads the whole compiler, a thousand modules and most of a second, though nothing here is
compiled. `inspect.unwrap` gives the methods themselves: the same steps, bit for bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

_add_param_group = inspect.unwrap(torch.optim.Adam.add_param_group)
_load_state_dict = inspect.unwrap(torch.optim.Adam.load_state_dict)
_state_dict: Callable[..., dict[str, Any]] = inspect.unwrap(torch.optim.Adam.state_dict)
_step: Callable[..., Any] = inspect.unwrap(torch.optim.Adam.step)
_zero_grad = inspect.unwrap(torch.optim.Adam.zero_grad)


class Adam(torch.optim.Adam):
    """torch's Adam."""

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with their settings; called when the optimiser is made."""
        _add_param_group(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        _zero_grad(self, set_to_none)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a step down the gradients."""
        return _step(self, closure)

    def state_dict(self) -> dict[str, Any]:
        """Return moments and settings."""
        return _state_dict(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Put back what `state_dict` returned."""
        _load_state_dict(self, state_dict)


class AdamW(Adam, torch.optim.AdamW):
    """torch's AdamW."""


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
