"""Observations that are vectors, shown to policies of the toy data of `tests.helpers.dt`."""

from __future__ import annotations

import numpy as np

from bench.datasets.trajectories import F32
from tests.helpers.dt import OBS

NO_REWARD = np.zeros(5, dtype=np.float32)


def observations(count: int = 5) -> F32:
    """Return random observations (count, OBS)."""
    return np.random.default_rng(1).normal(2, 3, (count, OBS)).astype(np.float32)
