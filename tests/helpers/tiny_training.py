"""The smallest training: a linear layer, twenty steps."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bench.methods.context import Context
from bench.methods.training import descend, fit
from tests.helpers.dt import make_context


def tiny(folder: Path, **fields: Any) -> tuple[Context, nn.Module, torch.optim.Optimizer]:
    """Return a context that keeps all it is offered, a layer and its optimiser."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = nn.Linear(2, 1)
    context = make_context(**({"folder": folder, "save_every": 0.0} | fields))
    return context, module, torch.optim.Adam(module.parameters())


def saving(module: nn.Module) -> Any:
    """Return the least that `context.snapshot` needs of a policy."""

    def save(path: Path) -> None:
        path.write_bytes(module.weight.detach().numpy().tobytes())

    return types.SimpleNamespace(save=save)


def run_tiny(folder: Path, **fields: Any) -> Context:
    """Train and return the context."""
    context, module, optimiser = tiny(folder, **fields)
    update = descend(lambda rng: module(torch.ones(1, 2)).sum(), module, optimiser)
    fit(update, {"net": module}, {"adam": optimiser}, lambda: saving(module), context)
    return context
