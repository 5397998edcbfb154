"""Where the tests of verbs run, and a data set there."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(toy: Trajectories) -> Path:
    save(toy, Path("set"), {"source": "hand"})
    return Path("set")
