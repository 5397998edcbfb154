"""Where the data of a task are, and how its runs are evaluated, as a config says."""

from __future__ import annotations

from typing import Any

import pytest

from bench.datasets import storage
from bench.runs import planned
from bench.runs.planned import evaluation_of, manifest_of

CONFIG: dict[str, Any] = {
    "data": {
        "source": "generated",
        "steps": 2000,
        "seed": 3,
        "domains": {
            "walker2d": {"source": "d4rl"},
            "breakout": {"source": "dqn_replay", "steps": 5000},
            "halfcheetah": {"steps": 4000},
        },
    },
    "evaluation": {
        "episodes": 10,
        "num_envs": 4,
        "domains": {"walker2d": {"episodes": 2, "diagnostic_episodes": 30}},
    },
}


@pytest.mark.parametrize(
    ("task", "folder"),
    [
        ("hopper-medium", "generated/hopper-medium/2000-3"),
        ("halfcheetah-medium", "generated/halfcheetah-medium/4000-3"),
        ("walker2d-medium", "d4rl/walker2d-medium/v2"),
        ("breakout-replay", "dqn_replay/breakout-replay/5000-3"),
    ],
)
def test_the_folder_of_a_tasks_data(task: str, folder: str) -> None:
    assert manifest_of(CONFIG, task).as_posix() == f"data/{folder}/manifest.json"


def test_a_domain_has_settings_of_its_own() -> None:
    assert evaluation_of(CONFIG, "hopper-medium")["episodes"] == 10
    assert evaluation_of(CONFIG, "hopper-medium")["diagnostic_episodes"] == 1000
    assert evaluation_of(CONFIG, "hopper-medium")["max_steps"] is None
    own = evaluation_of(CONFIG, "walker2d-medium")
    assert (own["episodes"], own["num_envs"], own["diagnostic_episodes"]) == (2, 4, 30)


def test_the_name_of_the_manifest_is_that_of_data_sets() -> None:
    assert planned.MANIFEST == storage.MANIFEST
