"""Training agents of Atari games: a loop that can be stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours import atari_training
from bench.behaviours.atari_agent import AtariAgent
from bench.behaviours.atari_training import STATE, train_agent
from bench.behaviours.ppo import Learner
from bench.core.files import DamagedFile, read_json

TINY = {"num_envs": 2, "length": 32, "batch": 32, "width": 8}  # 64 steps an update


@pytest.fixture(autouse=True)
def _few_random_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atari_training, "RANDOM_STEPS", 60)


def train(out: Path, steps: int = 512, **settings: Any) -> None:
    options = TINY | settings.pop("options", {})
    train_agent(
        "breakout", out, steps=steps, keep_every=128, save_every=2, options=options, **settings
    )


def rows_of(out: Path) -> list[Any]:
    """The log without its clock."""
    rows = [json.loads(line) for line in (out / "progress.jsonl").read_text().splitlines()]
    return [(row["step"], row["training_return"]) for row in rows]


def bytes_of(out: Path) -> dict[str, bytes]:
    files = [*(out / "actors").iterdir(), out / STATE, out / "identity.json"]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training in one go."""
    out = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atari_training, "RANDOM_STEPS", 60)
        train(out)
    return out


@pytest.mark.slow
def test_a_stopped_training_goes_on_to_the_same_bytes(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped in its sixth update, after an agent and before the state that would hold it."""
    real, count = Learner.update, iter(range(100))

    def stopped(self: Learner, *arguments: Any) -> None:
        if next(count) == 5:
            raise KeyboardInterrupt
        real(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Learner, "update", stopped)
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path)
    assert len(rows_of(tmp_path)) < len(rows_of(whole))
    (tmp_path / "actors/000000384.safetensors").write_bytes(b"left over")
    train(tmp_path)
    assert bytes_of(tmp_path) == bytes_of(whole)
    assert rows_of(tmp_path) == rows_of(whole)


def test_what_a_training_leaves(whole: Path) -> None:
    names = sorted(path.stem for path in (whole / "actors").iterdir())
    assert [int(name) for name in names] == [0, 128, 256, 384, 512]
    assert [step for step, _ in rows_of(whole)] == [128, 256, 384, 512]
    identity = read_json(whole / "identity.json")
    assert identity["settings"]["num_envs"] == 2
    assert {"ale-py", "torch"} <= set(identity["libraries"])
    first, last = (AtariAgent.load(whole / f"actors/{name}.safetensors") for name in names[::4])
    assert len(first.layers[-1][1]) == 4
    assert not np.array_equal(first.layers[0][0], last.layers[0][0])


def test_a_finished_training_is_left_alone(whole: Path) -> None:
    before = bytes_of(whole)
    train(whole)
    assert bytes_of(whole) == before


@pytest.mark.parametrize(
    "other", [{"seed": 1}, {"steps": 1024}, {"options": {"rate": 0.1}}], ids=str
)
def test_another_training_in_the_same_folder_is_refused(
    whole: Path, tmp_path: Path, other: dict[str, Any]
) -> None:
    (tmp_path / "identity.json").write_bytes((whole / "identity.json").read_bytes())
    with pytest.raises(ValueError, match="holds another training"):
        train(tmp_path, **other)
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 63}, "63 steps are too few: an update has 64 steps"),
        (
            {"options": {"learning_rate": 1}},
            "takes no option learning_rate; known: num_envs, length",
        ),
    ],
)
def test_what_cannot_be_trained(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(tmp_path, **settings)
    assert not any(tmp_path.iterdir())


def test_a_damaged_state_is_named(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_bytes((whole / "identity.json").read_bytes())
    (tmp_path / STATE).write_bytes((whole / STATE).read_bytes()[:500])
    with pytest.raises(DamagedFile, match=r"state\.safetensors is damaged .*from the start"):
        train(tmp_path)
