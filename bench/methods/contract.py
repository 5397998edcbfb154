"""The contract of a policy, which acts in many episodes at the same time, and the two errors of methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bench.datasets.trajectories import F32, I64, Array


class BadMethod(Exception):
    """A method cannot be used. The message names the method and the reason, and says what to do."""


class Diverged(Exception):
    """A loss is no longer finite. This is a valid outcome of a run: the score is that of its last snapshot."""

    def __init__(self, step: int, name: str) -> None:
        super().__init__(f"{name} is not finite at step {step}")
        self.step = step


class Policy(Protocol):
    """A policy that acts in many episodes at the same time. The policy updates the returns-to-go and keeps its
    own context window.

    A policy with expensive decisions may also have a method `finish(envs: I64) -> None`. It says that the episodes
    of these envs are over. Their actions are no longer used and may have any finite value.
    """

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes at the same time, and forget earlier ones.

        Args:
            seeds: (L,), one for each env. A policy with random actions draws them from these seeds, so that an
                episode does not depend on the other envs.
            targets: (L,), the target returns, raw. A method that is not conditioned on returns ignores them.
        """

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or whole numbers (L,) if actions are discrete.

        Args:
            observations: (L, *obs), the current observations; uint8 if those of the data are uint8.
            rewards: (L,), the reward of the previous action of each env, raw; 0 at the first step. In the sparse
                variant it is always 0.
        """

    def save(self, path: Path) -> None:
        """Write the policy to one file. Pickle is not allowed."""


def check_actions(
    actions: Any, expected: tuple[int, ...], method: str, n_actions: int | None = None
) -> Array:
    """Check the result of `act`, and return it as float32, or as int64 if actions are discrete.

    Args:
        actions: the result of `act`.
        expected: the expected shape.
        method: the name of the method, for messages.
        n_actions: the number of discrete actions; None if actions are vectors.

    Raises:
        BadMethod: the shape is wrong, a value is not finite, or a discrete action is not in 0 to n_actions - 1.
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
