"""Data that the tests of runs share."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.datasets import storage
from tests.helpers.dt import make_data


@pytest.fixture(scope="session")
def hopper_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of Hopper's sizes on disk; it is read and never changed."""
    folder = tmp_path_factory.mktemp("data") / "hopper-medium"
    data = make_data((20, 12, 31, 17, 9, 11), observation_size=11, action_size=3)
    storage.save(data, folder, {"source": "generated"})
    return folder
