"""What the manifests of generated data sets say."""

from __future__ import annotations

import json
from pathlib import Path

import gymnasium
import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.behaviours.manifest import described, policy, whole_episodes
from bench.behaviours.zoo import Snapshot, Zoo
from bench.tasks.registry import FAMILIES, TASKS

KINDS = tuple(FAMILIES["mujoco"].kinds)


def test_the_manifest_says_what_the_data_are(small_zoo: Zoo, tmp_path: Path) -> None:
    data = generate(TASKS["hopper-medium"], 100, 7, tmp_path / "set", zoo=small_zoo)
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["source"] == "generated"
    assert (manifest["task"], manifest["environment"]) == ("hopper-medium", "Hopper-v4")
    assert (manifest["seed"], manifest["steps_per_part"]) == (7, 100)
    assert (manifest["episodes"], manifest["steps"]) == (data.episodes, data.steps)
    assert manifest["terminals"] == data.episodes
    assert manifest["timeouts"] == 0
    assert manifest["simulator"].keys() == {"gymnasium", "mujoco"}
    assert manifest["parts"][0]["sha256"] == small_zoo.medium.sha256
    np.testing.assert_allclose(manifest["returns"], data.returns, atol=5.1e-5)
    assert manifest["action_range"] == [-1, 1]


def test_another_kind_of_data_has_another_meaning() -> None:
    meanings = {kind: described(TASKS[f"hopper-{kind}"], 0)["meaning"] for kind in KINDS}
    assert meanings["medium"] == "episodes of the medium policy"
    assert len(set(meanings.values())) == len(KINDS) == 3


def test_more_entries_stand_at_the_end() -> None:
    task = TASKS["key_to_door-1k"]
    said = described(task, 3, parts=["a"], sticky=0.25)
    assert list(said)[-2:] == ["parts", "sticky"]
    assert (said["parts"], said["sticky"], said["seed"]) == (["a"], 0.25, 3)
    assert (said["source"], said["task"]) == ("generated", "key_to_door-1k")
    assert said["environment"] == "bench/KeyToDoor-v0"
    assert said["simulator"] == {"gymnasium": gymnasium.__version__}


def test_a_policy_is_told_by_file_bytes_and_score() -> None:
    checkpoint = Snapshot("0100.safetensors", 100, 0.5, 33.25, 1.0, 2.0, 3.0, "ab12")
    assert policy(checkpoint) == {"policy": "0100.safetensors", "sha256": "ab12", "score": 33.25}


@pytest.mark.parametrize(("steps", "episodes"), [(120, 1), (239, 1), (240, 2), (120_000, 1000)])
def test_only_whole_episodes_count(steps: int, episodes: int) -> None:
    assert whole_episodes(TASKS["key_to_door-1k"], steps) == episodes


@pytest.mark.parametrize("steps", [0, 119])
def test_less_than_an_episode_is_refused(steps: int) -> None:
    with pytest.raises(
        ValueError, match=f"{steps} steps are too few: an episode of key_to_door-1k has 120"
    ):
        whole_episodes(TASKS["key_to_door-1k"], steps)
