"""torch's optimisers without its compiler.

Some methods of torch's optimisers have wrappers that exclude them from torch.compile. The first call of such a
wrapper loads the whole compiler. That takes a thousand modules and most of a second, although nothing here is
compiled. `inspect.unwrap` returns the methods without the wrappers. The steps are equal bit for bit.
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
        """Add parameters with their settings. The constructor calls it."""
        _add_param_group(self, param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Reset the gradients."""
        _zero_grad(self, set_to_none)

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        """Take a gradient step."""
        return _step(self, closure)

    def state_dict(self) -> dict[str, Any]:
        """Return the moments and the settings."""
        return _state_dict(self)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        _load_state_dict(self, state_dict)


class AdamW(Adam, torch.optim.AdamW):
    """torch's AdamW."""


def flatten(parameters: Iterable[nn.Parameter]) -> nn.Parameter:
    """Put parameters and their gradients into one array.

    The parameters keep their values and become views of the array. Their gradients become views of its gradient.
    Set these gradients to zero in place, never to None. Call this function after the parameters have been moved to
    their device.

    Returns:
        The array, (P,), for an optimiser with the same settings for all parameters.
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
