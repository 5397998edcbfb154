"""The data of Gamble."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.behaviours import gamble_play
from bench.behaviours.gamble_play import random_episodes
from bench.datasets import storage
from bench.environments.gamble import Gamble, observation
from bench.tasks.registry import task_by_name

TASK = task_by_name("gamble-random")


def test_returns_have_the_probabilities_of_the_game() -> None:
    returns = random_episodes(20_000, seed=0).returns
    expected = {0.0: 0.8 / 3 + 2 / 9, 3.0: 1 / 3, 6.0: 1 / 9, 9.0: 0.2 / 3}
    assert set(np.unique(returns)) == set(expected)
    for value, probability in expected.items():
        error = 4 * np.sqrt(probability * (1 - probability) / 20_000)
        assert (returns == value).mean() == pytest.approx(probability, abs=error)


def test_the_games_rules_hold_in_every_episode() -> None:
    data = random_episodes(300, seed=1)
    starts = np.cumsum(data.lengths) - data.lengths
    for start, length, earned in zip(starts, data.lengths, data.returns, strict=True):
        np.testing.assert_array_equal(data.observations[start], observation())
        first = int(data.actions[start])
        assert length == (2 if first == 2 else 1)
        if first == 0:
            assert earned == 3
        elif first == 1:
            assert earned in (0, 9)
        else:
            clue = int(np.argmax(data.observations[start + 1][1:]))
            assert earned == (6 if data.actions[start + 1] == clue else 0)
            assert data.rewards[start] == 0


def test_observations_are_those_of_the_environment() -> None:
    game = Gamble()
    data = random_episodes(5, seed=0)
    space = game.observation_space
    assert data.observations.dtype == space.dtype
    assert data.observations.shape[1:] == space.shape
    assert data.n_actions == game.action_space.n
    assert data.terminals.sum() == data.episodes


def test_a_data_set_is_written(tmp_path: Path) -> None:
    data = gamble_play.generate(TASK, 100, 0, tmp_path / "data")
    assert data.episodes == 50
    assert storage.load(tmp_path / "data").episodes == 50
    with pytest.raises(ValueError, match="1 steps are too few"):
        gamble_play.generate(TASK, 1, 0, tmp_path / "none")
