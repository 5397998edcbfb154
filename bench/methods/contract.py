"""What a method gives: a policy that acts in many episodes at once, and the two ways in which a method may
fail.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.datasets.trajectories import F32, I64, Array


class BadMethod(Exception):
    """A method cannot be used. The message names it, says why, and what to do."""


class Diverged(Exception):
    """A loss is no longer finite. An outcome of the run, not an accident: the run is scored at its
    last kept policy.
    """

    def __init__(self, step: int, name: str) -> None:
        super().__init__(f"{name} is not finite at step {step}")
        self.step = step


class Policy(Protocol):
    """Acts in many episodes at once. Return-to-go bookkeeping and the context window live in
    here.

    A policy whose decisions are costly may have a method `finish(envs: I64) -> None` as well: the
    episodes of these envs are over, their actions are not used any more and may be anything finite.
    """

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes at the same time, and forget earlier ones.

        Args:
            seeds: (L,), one an env; a policy that draws at random draws from these, so that what
                happens in an episode does not depend on its neighbours.
            targets: (L,), the raw return asked for; a method that is not conditioned on returns
                ignores it.
        """

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act) for observations (L, *obs), or whole numbers (L,) where actions
        are discrete.

        Args:
            observations: what the environments show now; uint8 where the data's are.
            rewards: (L,), the reward of each env's previous action, raw; 0 at the first step. In
                the sparse variant 0 throughout.
        """

    def save(self, path: Path) -> None:
        """Write the policy to one file, without pickle."""


def check_actions(
    actions: Any, expected: tuple[int, ...], method: str, n_actions: int | None = None
) -> Array:
    """Return what a policy's `act` gave, if an environment can take it: as float32, or as int64
    where actions are discrete.

    Args:
        actions: what it gave.
        expected: the shape it must have.
        method: for the message.
        n_actions: how many discrete actions there are; None: they are vectors.

    Raises:
        BadMethod: it has the wrong shape, holds a value that is not finite, or is none of the
            n_actions.
    """
    array = np.asarray(actions)
    if array.shape != expected:
        raise BadMethod(
            f"method {method}: act returned shape {array.shape}, expected {expected} (envs, action size)"
        )
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise BadMethod(f"method {method}: act returned a value that is not a finite number")
    if n_actions is None:
        return array.astype(np.float32)
    if array.dtype.kind == "f" or array.min() < 0 or array.max() >= n_actions:
        raise BadMethod(
            f"method {method}: act returned {array.dtype} {array.min():g} to {array.max():g}, "
            f"expected whole numbers 0 to {n_actions - 1}"
        )
    return array.astype(np.int64)
