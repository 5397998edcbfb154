"""Generated data sets: the same bytes each time, and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.behaviours.zoo import Zoo
from bench.datasets.consistency import check
from bench.datasets.storage import load
from bench.datasets.trajectories import ARRAYS, FINAL
from bench.tasks.registry import TASKS


@pytest.mark.parametrize("kind", ["medium", "medium-replay", "medium-expert"])
def test_generated_data_are_the_same_bytes_twice(small_zoo: Zoo, tmp_path: Path, kind: str) -> None:
    task = TASKS[f"hopper-{kind}"]
    for name in "ab":
        generate(task, 150, 0, tmp_path / name, zoo=small_zoo)
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == sorted(["manifest.json", *(f"{array}.npy" for array in (*ARRAYS, FINAL))])
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_another_seed_gives_other_data(small_zoo: Zoo, tmp_path: Path) -> None:
    one, two = (
        generate(TASKS["hopper-medium"], 100, seed, tmp_path / f"{seed}", zoo=small_zoo)
        for seed in (0, 1)
    )
    assert not np.isin(one.rewards, two.rewards).all()


def test_generated_data_are_read_back(small_zoo: Zoo, tmp_path: Path) -> None:
    data = generate(TASKS["hopper-medium-replay"], 300, 0, tmp_path / "set", zoo=small_zoo)
    back = load(tmp_path / "set")
    check(back, "back")
    np.testing.assert_array_equal(back.returns, data.returns)
    assert back.observations.shape[1:] == (11,)
    assert back.final_observations is not None
    assert back.final_observations.shape == (back.episodes, 11)
    assert back.actions.shape[1:] == (3,)
    assert np.abs(back.actions).max() <= 1
