"""Data without velocities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.behaviours.positions import whole_task, without_velocities
from bench.behaviours.zoo import Zoo
from bench.datasets import storage
from bench.tasks.registry import TASKS
from tests.helpers.dt import make_data


def test_the_columns_of_the_positions_stay(small_zoo: Zoo, tmp_path: Path) -> None:
    part = generate(TASKS["hopper_positions-medium-expert"], 100, 3, tmp_path / "a", zoo=small_zoo)
    whole = generate(TASKS["hopper-medium-expert"], 100, 3, tmp_path / "b", zoo=small_zoo)
    np.testing.assert_array_equal(part.observations, whole.observations[:, :5])
    np.testing.assert_array_equal(part.final_observations, whole.final_observations[:, :5])
    np.testing.assert_array_equal(part.observation_mean, whole.observation_mean[:5])
    np.testing.assert_array_equal(part.observation_std, whole.observation_std[:5])
    for name in ("actions", "rewards", "terminals", "timeouts", "episode_starts"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))


def test_the_manifest_names_the_policies_and_their_zoo(small_zoo: Zoo, tmp_path: Path) -> None:
    generate(TASKS["hopper_positions-medium"], 100, 0, tmp_path / "data", zoo=small_zoo)
    manifest = storage.read_manifest(tmp_path / "data")
    assert manifest["task"] == "hopper_positions-medium"
    assert manifest["environment"] == "bench/HopperPositions-v0"
    assert manifest["zoo"] == "hopper"
    assert [part["policy"] for part in manifest["parts"]] == ["3.safetensors"]
    assert storage.load(tmp_path / "data").observations.shape[1] == 5


@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("walker2d_positions-medium-replay", "walker2d-medium-replay"),
        ("halfcheetah_positions-medium", "halfcheetah-medium"),
    ],
)
def test_the_task_with_velocities(name: str, whole: str) -> None:
    assert whole_task(TASKS[name]).name == whole


def test_data_without_final_observations() -> None:
    data = make_data((4, 3), observation_size=7, action_size=2)
    cut = without_velocities(data, 3)
    assert cut.observations.shape == (7, 3)
    assert (cut.final_observations is None) == (data.final_observations is None)
