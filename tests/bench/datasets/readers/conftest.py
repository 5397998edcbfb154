"""Fixtures of the tests of readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.d4rl import Arrays, arrays
from tests.helpers.dopamine import write_logs
from tests.helpers.dqn_replay import CAPACITY, LENGTHS, below


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the list of checked logs out of the user's home."""
    folder = tmp_path / "dqn_replay_cache"
    monkeypatch.setenv("DQN_REPLAY_DIR", str(folder))
    return folder


@pytest.fixture
def v2() -> Arrays:
    """Return whole episodes of 4 and 3 steps, and one of 5 that does not end."""
    content = arrays([4, 3, 5], "tot")
    content["terminals"][-1] = False  # the last one is unfinished
    return content


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs 0 to 7 of 250 rows each; most begin within a game."""
    root = tmp_path_factory.mktemp("dqn")
    buffer = write_logs(below(root), LENGTHS, CAPACITY)
    assert buffer.log == buffer.count // CAPACITY == 8  # none was left out
    return root
