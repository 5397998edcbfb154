"""The agents of a game's zoo make its data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours import record_games
from bench.behaviours.atari_agent import AtariAgent, RamEncoder
from bench.behaviours.generate import generate
from bench.behaviours.zoo import Snapshot, Zoo
from bench.cli.main import main
from bench.core.files import DamagedFile, sha256
from bench.datasets import storage
from bench.tasks.registry import task_by_name

CHOICES = 6  # of Pong


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    """Two agents: one at random, one that always moves the same way."""
    folder = tmp_path_factory.mktemp("zoo")
    memory = np.random.default_rng(0).integers(0, 256, (50, 128), dtype=np.uint8)
    encoder = RamEncoder.fit(memory, memory[::-1])
    inputs = encoder(memory[:1], memory[:1]).shape[1]
    checkpoints = []
    for step, share in ((0, 0.25), (1000, 0.75)):
        bias = np.zeros(CHOICES, dtype=np.float32)
        bias[2] = step  # logits
        layer = (np.zeros((inputs, CHOICES), dtype=np.float32), bias)
        path = folder / f"{step}.safetensors"
        AtariAgent(encoder, (layer,)).save(path)
        checkpoints.append(Snapshot(path.name, step, share, 1.5, -20.0, 0.0, 800.0, sha256(path)))
    return Zoo(folder, tuple(checkpoints), checkpoints[-1])


def test_players_play_in_the_order_of_training(zoo: Zoo, tmp_path: Path) -> None:
    task = task_by_name("pong-replay")
    data = generate(task, 1200, 0, tmp_path, zoo=zoo)
    given: Any = storage.read_manifest(tmp_path)["parts"]
    assert [part["policy"] for part in given] == ["0.safetensors", "1000.safetensors"]
    assert [part["sha256"] for part in given] == [c.sha256 for c in zoo.replay]
    assert data.steps == given[0]["steps"] + given[1]["steps"] >= 1200
    first, second = data.actions[: given[0]["steps"]], data.actions[given[0]["steps"] :]
    assert len(np.unique(first)) == CHOICES
    assert np.unique(second).tolist() == [2]
    assert data.scores is not None
    np.testing.assert_array_equal(data.returns, data.scores)  # in Pong a point is a reward


def test_a_player_that_is_not_the_manifests_is_refused(zoo: Zoo, tmp_path: Path) -> None:
    damaged = Zoo(tmp_path, zoo.replay, zoo.expert)
    (tmp_path / "0.safetensors").write_bytes(b"other")
    with pytest.raises(DamagedFile, match=r"0\.safetensors is missing or damaged"):
        generate(task_by_name("pong-replay"), 10, 0, tmp_path / "set", zoo=damaged)
    assert not (tmp_path / "set").exists()


def test_the_verb(
    zoo: Zoo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(record_games.zoos, "read", lambda domain: zoo)
    out = tmp_path / "set"
    make = ["data", "generate", "--task", "pong-replay", "--steps", "10", "--out", str(out)]
    assert main(make) == 0
    data = storage.load(out)
    said = capsys.readouterr().out
    assert f"{data.episodes} episodes, {data.steps} steps" in said
    assert "mean score -2" in said
