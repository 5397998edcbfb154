"""Data with gusts of wind."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.behaviours.actor import Actor
from bench.behaviours.collect import roll_out
from bench.behaviours.generate import generate
from bench.behaviours.zoo import Zoo
from bench.datasets import storage
from bench.tasks.registry import TASKS


def test_the_policies_of_the_calm_environment_act_in_the_wind(
    small_zoo: Zoo, tmp_path: Path
) -> None:
    data = generate(TASKS["hopper_gusts-medium-expert"], 150, 2, tmp_path / "data", zoo=small_zoo)
    medium, expert = (
        roll_out(
            Actor.load(small_zoo.intact(snapshot)),
            "bench/HopperGusts-v0",
            name=f"hopper_gusts-{snapshot.file}-2",
            steps=150,
        )
        for snapshot in (small_zoo.medium, small_zoo.expert)
    )
    expected = np.concatenate([episode.observations for episode in (*medium, *expert)])
    np.testing.assert_array_equal(data.observations, expected)
    manifest = storage.read_manifest(tmp_path / "data")
    assert manifest["task"] == "hopper_gusts-medium-expert"
    assert manifest["zoo"] == "hopper"
    assert [part["policy"] for part in manifest["parts"]] == ["3.safetensors", "4.safetensors"]
    assert sum(part["steps"] for part in manifest["parts"]) == data.steps


def test_medium_replay_is_a_mixture(small_zoo: Zoo, tmp_path: Path) -> None:
    generate(TASKS["walker2d_gusts-medium"], 60, 0, tmp_path / "walker")  # the committed policies
    parts = storage.read_manifest(tmp_path / "walker")["parts"]
    assert len(parts) == 1
    generate(TASKS["hopper_gusts-medium-replay"], 200, 0, tmp_path / "data", zoo=small_zoo)
    assert len(storage.read_manifest(tmp_path / "data")["parts"]) == 3
