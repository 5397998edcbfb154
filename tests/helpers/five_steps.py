"""Five steps of discrete actions and pictures, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories

# two whole episodes of 2 and 3 steps, and a step of a third
PIXELS = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2) * 10


ACTIONS = np.array([0, 3, 1, 2, 2, 3])


REWARDS = np.array([0, 1, 0, 0, 2, 9], dtype=np.float32)


TERMINALS = np.array([0, 1, 0, 0, 0, 0], dtype=np.bool_)


TIMEOUTS = np.array([0, 0, 0, 0, 1, 0], dtype=np.bool_)


def five(**changes: Any) -> Trajectories:
    """Return the two whole episodes; changes replace arguments of `from_arrays`."""
    given: dict[str, Any] = {
        "observations": PIXELS,
        "actions": ACTIONS,
        "rewards": REWARDS,
        "terminals": TERMINALS,
        "timeouts": TIMEOUTS,
        "action_range": (0, 3),
        "discrete": True,
    }
    return from_arrays(**(given | changes))
