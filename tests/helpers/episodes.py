"""Small data sets of vectors, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories

# three whole episodes of 3, 2 and 4 steps, and one step of a fourth that never ends
REWARDS = [1, 2, 3, -1, 5, 0, 2, 2, 1, 9]


TERMINALS = [0, 0, 1, 0, 0, 0, 0, 0, 1, 0]


TIMEOUTS = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def arrays(**changes: Any) -> dict[str, Any]:
    """Return the arguments of `from_arrays`: ten steps, three whole episodes."""
    return {
        "observations": np.arange(20, dtype=np.float32).reshape(10, 2),
        "actions": np.linspace(-1, 1, 10, dtype=np.float32).reshape(10, 1),
        "rewards": np.array(REWARDS, dtype=np.float32),
        "terminals": np.array(TERMINALS, dtype=np.bool_),
        "timeouts": np.array(TIMEOUTS, dtype=np.bool_),
    } | changes


def of_returns(rewards: list[list[float]]) -> Trajectories:
    """Episodes with these rewards; the observation of every step is its episode's number."""
    lengths = [len(episode) for episode in rewards]
    ends = np.zeros(sum(lengths), dtype=np.bool_)
    ends[np.cumsum(lengths) - 1] = True
    return from_arrays(
        np.repeat(np.arange(len(rewards)), lengths)[:, None].astype(np.float32),
        np.zeros((len(ends), 1), dtype=np.float32),
        np.concatenate(rewards).astype(np.float32),
        terminals=ends,
        timeouts=np.zeros_like(ends),
    )


def episodes_in(data: Trajectories) -> list[int]:
    """Return the numbers of the episodes of `of_returns` that data hold."""
    return [int(number) for number in data.observations[data.episode_starts[:-1], 0]]
