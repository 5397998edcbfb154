"""Fixtures of the tests of data sets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from tests.helpers.episodes import arrays


@pytest.fixture
def ten() -> Trajectories:
    return from_arrays(**arrays())


@pytest.fixture
def with_ends(ten: Trajectories) -> Trajectories:
    ends = np.array([[100, 101], [200, 201], [300, 301]], dtype=np.float32)
    return replace(ten, final_observations=ends)
