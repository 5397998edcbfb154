"""Data, policies, configs and repositories that the tests of runs share."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from baselines import bc, uniform
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from dt import method as dt
from tests.conftest import CONFIG
from tests.helpers.dt import make_data
from tests.helpers.rollout import HOPPER


@pytest.fixture(scope="session")
def hopper_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of Hopper's sizes on disk; it is read and never changed."""
    folder = tmp_path_factory.mktemp("data") / "hopper-medium"
    data = make_data((20, 12, 31, 17, 9, 11), observation_size=11, action_size=3)
    storage.save(data, folder, {"source": "generated"})
    return folder


@pytest.fixture
def config() -> dict[str, Any]:
    """A copy of the suite of `tests.conftest.CONFIG`, to change."""
    return copy.deepcopy(CONFIG)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with two methods and a template."""
    (tmp_path / "baselines").mkdir()
    for name in ("__init__", "_template", "bc", "behaviour"):
        (tmp_path / "baselines" / f"{name}.py").touch()
    return tmp_path


@pytest.fixture(scope="session")
def policies(hopper_like: Trajectories) -> dict[str, Any]:
    """Hardly trained networks of the real methods in their real sizes, and the random control."""
    context = Context(task=HOPPER, seed=5, steps=1)
    return {
        "bc": bc.train(hopper_like, bc.Config(), context),
        "dt": dt.train(hopper_like, dt.Config(), context),
        "uniform": uniform.train(hopper_like, uniform.Config(), context),
    }
