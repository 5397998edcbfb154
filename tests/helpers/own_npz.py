"""A data set of somebody else: the file my.npz in the working directory."""

from __future__ import annotations

from typing import Any

import numpy as np


def save(observation: int, actions: Any, steps: int = 30, every: int = 10) -> None:
    """Write my.npz: observations (steps, observation), these actions, rewards of 1, an end each `every` steps."""
    np.savez(
        "my.npz",
        observations=np.random.default_rng(0).normal(size=(steps, observation)),
        actions=actions,
        rewards=np.ones(steps),
        terminals=np.arange(steps) % every == every - 1,
    )


def uniform(low: float, high: float, size: int, steps: int = 30) -> Any:
    """Return actions (steps, size) between two bounds."""
    return np.random.default_rng(0).uniform(low, high, (steps, size))
