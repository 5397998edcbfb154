"""Discrete actions and observations of bytes on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from bench.datasets.consistency import check
from bench.datasets.storage import load, save
from bench.datasets.trajectories import ARRAYS, FINAL, Trajectories
from tests.helpers.five_steps import five


def test_written_and_read_the_data_are_the_same(tmp_path: Path) -> None:
    views = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3), dtype=np.uint8)
    data = five(observations=views, final_observations=views[:2])
    save(data, tmp_path / "set", {"source": "hand"})
    read = load(tmp_path / "set")
    for name in (*ARRAYS, FINAL, "episode_starts", "observation_mean", "observation_std"):
        mine, other = getattr(data, name), getattr(read, name)
        np.testing.assert_array_equal(mine, other)
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape), name
    assert read.observation_mean.shape == (5, 5, 3)
    assert (read.discrete, read.n_actions, read.action_low) == (True, 4, 0.0)
    assert not read.observations.flags.writeable
    check(read, "read")


def test_the_manifest_says_what_the_arrays_are(tmp_path: Path) -> None:
    data = five()
    save(data, tmp_path / "set", {"source": "hand"})
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["arrays"]["observations"]["dtype"] == "uint8"
    assert manifest["arrays"]["observations"]["shape"] == [5, 2, 2]
    assert manifest["arrays"]["actions"]["dtype"] == "int64"
    assert manifest["arrays"]["actions"]["shape"] == [5]
    assert "final_observations" not in manifest["arrays"]
    assert manifest["action_range"] == [0, 3]
    assert manifest["observation_mean"] == [80, 90, 100, 110]
    assert (manifest["episodes"], manifest["steps"]) == (2, 5)
    assert (manifest["terminals"], manifest["timeouts"]) == (1, 1)
    assert manifest["returns"] == [1, 2]


def test_vectors_on_disk_are_what_they_were(toy: Trajectories, tmp_path: Path) -> None:
    save(toy, tmp_path / "set", {})
    read = load(tmp_path / "set")
    assert (read.observation_mean.shape, read.discrete) == ((3,), False)
    np.testing.assert_array_equal(read.observation_mean, toy.observation_mean)
    assert (read.action_low, read.action_high) == (-1.0, 1.0)
