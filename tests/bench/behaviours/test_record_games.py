"""Games played for a data set, and the mixture over a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours import record_games as replay
from bench.behaviours.record_games import Part, play_parts
from bench.core.seeds import derive
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.environments import atari
from bench.tasks.registry import task_by_name
from tests.helpers.counting_game import Always, Counter


class Dice:
    """Takes actions at random."""

    def __init__(self, choices: int) -> None:
        self.n_actions = choices

    def act(self, memory: Any, before: Any, chance: Any) -> Any:
        return (chance * self.n_actions).astype(np.int64)


# --- the mixture ----------------------------------------------------------------------------------


def parts(shares: Sequence[float], agents: Sequence[Any] | None = None) -> list[Part]:
    chosen = agents or [Always(i % 3) for i in range(len(shares))]
    return [
        Part(agent, share, {"policy": f"p{i}"})
        for i, (agent, share) in enumerate(zip(chosen, shares, strict=True))
    ]


def mixture(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    shares: Sequence[float],
    lengths: Sequence[int],
    steps: int,
) -> tuple[Trajectories, list[Any]]:
    monkeypatch.setattr(replay.atari, "make", lambda game, sticky: Counter(lengths, 100))
    data = play_parts(task_by_name("pong-replay"), parts(shares), steps, 0, tmp_path)
    return data, storage.read_manifest(tmp_path)["parts"]


def test_shares_by_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of 20 steps in games of 4, the first agent owes 5, the second all up to 15."""
    data, given = mixture(monkeypatch, tmp_path, (0.25, 0.5, 0.25), [4], 20)
    assert [(part["episodes"], part["steps"]) for part in given] == [(2, 8), (2, 8), (1, 4)]
    assert data.actions[data.episode_starts[:-1]].tolist() == [0, 0, 1, 1, 2]
    assert (data.steps, data.episodes) == (20, 5)


def test_a_long_game_takes_the_next_players_share(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data, given = mixture(monkeypatch, tmp_path, (0.25, 0.25, 0.5), [11], 20)
    assert [part["steps"] for part in given] == [11, 0, 11]
    assert [part["raw_score_mean"] for part in given] == [-30.0, None, -30.0]
    assert data.steps == 22


def test_what_the_manifest_and_the_arrays_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[int] = []
    monkeypatch.setattr(replay.atari, "make", lambda game, sticky: Counter([3, 200], 5))
    task = task_by_name("pong-replay")
    data = play_parts(task, parts((1.0,)), 6, 7, tmp_path, progress=said.append)
    assert said == [3, 5]
    assert data.terminals.tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert data.timeouts.tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert set(data.rewards.tolist()) == {-1, 1}
    assert data.scores is not None
    assert data.scores.tolist() == [-30, -30]
    assert data.n_actions == 3
    manifest = storage.read_manifest(tmp_path)
    assert (manifest["source"], manifest["seed"], manifest["sticky"]) == ("generated", 7, 0.25)
    assert manifest["simulator"].keys() == {"gymnasium", "ale-py", "opencv-python-headless"}
    assert manifest["arrays"]["observations"]["shape"] == [8, 84, 84]


# --- a real game ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def breakout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trajectories, Path]:
    folder = tmp_path_factory.mktemp("breakout")
    task = task_by_name("breakout-replay")
    return play_parts(task, parts((1.0,), [Dice(4)]), 300, 3, folder), folder


def test_the_same_actions_lead_to_the_same_pictures(breakout: tuple[Trajectories, Path]) -> None:
    """Played again from the recorded actions, through the environment's own stacks."""
    data, _ = breakout
    environment = atari.make("breakout", sticky=0.25)
    assert data.scores is not None
    assert data.final_observations is not None
    for episode, (start, stop) in enumerate(
        zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    ):
        seen, _ = environment.reset(seed=derive("reset", "breakout-p0-3", episode))
        score = 0.0
        for step, stack in enumerate(data.stacked(np.arange(start, stop)), start=int(start)):
            np.testing.assert_array_equal(seen, stack)
            seen, reward, over, _, _ = environment.step(int(data.actions[step]))
            score += reward
            assert data.rewards[step] == np.clip(reward, -1, 1)
            assert data.terminals[step] == over
        assert score == data.scores[episode]
        np.testing.assert_array_equal(seen[-1], data.final_observations[episode])
    assert data.steps >= 300


def test_the_same_seed_gives_the_same_bytes(
    breakout: tuple[Trajectories, Path], tmp_path: Path
) -> None:
    _, folder = breakout
    for seed in (3, 4):
        task = task_by_name("breakout-replay")
        play_parts(task, parts((1.0,), [Dice(4)]), 300, seed, tmp_path / str(seed))
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "3" / path.name).read_bytes()
    other = (tmp_path / "4" / "observations.npy").read_bytes()
    assert other != (folder / "observations.npy").read_bytes()
