"""The weights that a training passes through, and their moving average by a loop of its own."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from bench.methods.training import descend

Weights = dict[str, Tensor]


def note_weights(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Weights]:
    """Return a list that fills with the weights, in float64, before the first update of a method's module
    and after each one.
    """
    weights: list[Weights] = []

    def spying(loss: Any, network: nn.Module, *rest: Any, **options: Any) -> Any:
        update = descend(loss, network, *rest, **options)

        def note() -> None:
            weights.append({n: w.detach().double() for n, w in network.named_parameters()})

        note()

        def noted(step: int, generator: np.random.Generator) -> Tensor:
            result = update(step, generator)
            note()
            return result

        return noted

    monkeypatch.setattr(module, "descend", spying)
    return weights


def averages_of(weights: list[Weights], decay: float) -> list[Weights]:
    """Return the moving average before the first update and after each one; below `decay` the average
    keeps step / (step + 10).
    """
    found = [weights[0]]
    for step, latest in enumerate(weights[1:], 1):
        keep = min(decay, step / (step + 10))
        found.append({n: keep * w + (1 - keep) * latest[n] for n, w in found[-1].items()})
    return found
