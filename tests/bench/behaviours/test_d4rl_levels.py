"""Data of D4RL's levels: which policy gives how many steps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours.actor import Actor
from bench.behaviours.collect import roll_out
from bench.behaviours.d4rl_levels import parts
from bench.behaviours.generate import generate
from bench.behaviours.zoo import Zoo
from bench.environments.vector import make
from bench.tasks.registry import DOMAINS, TASKS

HOPPER = DOMAINS["hopper"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("medium", [("3.safetensors", 1000)]),
        ("medium-expert", [("3.safetensors", 1000), ("4.safetensors", 1000)]),
        ("medium-replay", [("1.safetensors", 200), ("2.safetensors", 300), ("3.safetensors", 500)]),
    ],
)
def test_parts_of_a_data_set(small_zoo: Zoo, kind: str, expected: list[Any]) -> None:
    found = parts(TASKS[f"hopper-{kind}"], small_zoo, 1000)
    assert [(snapshot.file, steps) for snapshot, steps in found] == expected


def test_an_unknown_kind_of_data_is_refused(small_zoo: Zoo) -> None:
    task = replace(TASKS["hopper-medium"], kind="random")
    with pytest.raises(ValueError, match="no recipe for data of kind 'random'; known: medium"):
        parts(task, small_zoo, 1000)


def test_medium_expert_is_half_medium_and_half_expert_in_order(
    small_zoo: Zoo, tmp_path: Path
) -> None:
    steps = 150
    data = generate(TASKS["hopper-medium-expert"], steps, 0, tmp_path / "set", zoo=small_zoo)
    medium, expert = (
        roll_out(
            Actor.load(small_zoo.intact(snapshot)),
            "Hopper-v4",
            name=f"hopper-{snapshot.file}-0",
            steps=steps,
        )
        for snapshot in (small_zoo.medium, small_zoo.expert)
    )
    for name in ("observations", "actions", "rewards"):
        expected = np.concatenate([getattr(episode, name) for episode in (*medium, *expert)])
        np.testing.assert_array_equal(getattr(data, name), expected)
    assert data.lengths.tolist() == [episode.steps for episode in (*medium, *expert)]
    recorded = json.loads((tmp_path / "set" / "manifest.json").read_text())["parts"]
    assert [part["policy"] for part in recorded] == ["3.safetensors", "4.safetensors"]
    assert [part["episodes"] for part in recorded] == [len(medium), len(expert)]
    for part in recorded:
        assert steps - 40 < part["steps"] <= steps


def test_time_outs_are_marked_in_generated_data(
    small_zoo: Zoo, tmp_path: Path, short_hopper: str
) -> None:
    task = replace(TASKS["hopper-medium"], domain=replace(HOPPER, environment=short_hopper))
    data = generate(task, 20, 0, tmp_path / "set", zoo=small_zoo)
    assert np.flatnonzero(data.timeouts).tolist() == [4, 9, 14, 19]
    assert not data.terminals.any()


def test_the_final_observation_is_what_the_simulator_shows_last(
    small_zoo: Zoo, tmp_path: Path
) -> None:
    data = generate(TASKS["hopper-medium"], 200, 0, tmp_path / "set", zoo=small_zoo)
    assert data.final_observations is not None
    last = data.episode_starts[1:] - 1
    environment = make("Hopper-v4").unwrapped
    for step, final in zip(last[:5], data.final_observations[:5], strict=True):
        seen = data.observations[step].astype(np.float64)
        environment.set_state(np.concatenate([[0.0], seen[:5]]), seen[5:])
        shown, *_ = environment.step(data.actions[step])
        if np.abs(seen[5:]).max() < 10:  # velocities are shown clipped at 10
            np.testing.assert_allclose(final, shown, atol=2e-3)
