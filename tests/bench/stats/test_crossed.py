"""The error that all runs share, because they meet the same episodes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.stats.crossed import shared_error


def test_two_runs_and_two_episodes_by_hand() -> None:
    # means of the episodes 1 and 5: MS_b = 2 * 8 = 16; no rest; 16 / (2 * 2) = 4
    assert shared_error([[0.0, 4.0], [2.0, 6.0]]) == pytest.approx(2)


def test_the_same_returns_in_every_run_share_all_of_their_error() -> None:
    returns = [3.0, 9.0, 1.0, 4.0]
    expected = np.std(returns, ddof=1) / math.sqrt(4)
    assert shared_error([returns] * 3) == pytest.approx(expected)


def test_episodes_that_have_nothing_in_common_share_no_error() -> None:
    assert shared_error([[0.0, 4.0], [4.0, 0.0]]) == 0


@pytest.mark.parametrize("returns", [[[1.0, 2.0]], [[1.0], [2.0]]], ids=["one run", "one episode"])
def test_one_run_or_one_episode_says_nothing(returns: list[list[float]]) -> None:
    assert math.isnan(shared_error(returns))


def test_it_moves_and_stretches_with_the_returns() -> None:
    returns = np.random.default_rng(0).normal(0, 5, (3, 20)) + np.linspace(0, 30, 20)
    assert shared_error(3 * returns + 7) == pytest.approx(3 * shared_error(returns))
    shifted = returns + np.array([[0.0], [10.0], [50.0]])  # runs of different quality
    assert shared_error(shifted) == pytest.approx(shared_error(returns))


@pytest.mark.parametrize("episodes", [20, 300])
def test_it_is_the_error_of_the_choice_of_episodes(episodes: int) -> None:
    source = np.random.default_rng(1)
    squared = []
    for _ in range(400):
        table = source.normal(0, 40, episodes) + source.normal(0, 10, (3, episodes))
        squared.append(shared_error(table + source.normal(0, 5, (3, 1))) ** 2)
    assert math.sqrt(np.mean(squared)) == pytest.approx(40 / math.sqrt(episodes), rel=0.05)
