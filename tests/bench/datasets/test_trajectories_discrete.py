"""Cuts of data with discrete actions and observations of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.datasets.consistency import check
from bench.datasets.trajectories import Trajectories
from tests.helpers.discrete import make_choices

# --- cuts ---------------------------------------------------------------------------------------


def rows(data: Trajectories) -> list[tuple[Any, ...]]:
    """Each episode's content."""
    final = data.final_observations
    assert final is not None
    return [
        (
            data.observations[start:stop].tolist(),
            data.actions[start:stop].tolist(),
            final[episode].tolist(),
        )
        for episode, (start, stop) in enumerate(
            zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
        )
    ]


def test_select_takes_whole_episodes_with_what_they_led_to() -> None:
    data = make_choices()
    chosen = data.select(np.array([2, 0]))
    assert rows(chosen) == [rows(data)[2], rows(data)[0]]
    assert (chosen.discrete, chosen.n_actions) == (True, 3)
    assert (chosen.observations.dtype, chosen.actions.dtype) == (np.uint8, np.int64)
    check(chosen, "chosen")


def test_percents_take_whole_episodes() -> None:
    data = make_choices((4,) * 30)
    for part in (data.take_percent(20, seed=3), data.top_percent(20)):
        assert part.episodes == 6
        assert all(row in rows(data) for row in rows(part))
        check(part, "part")
    best = sorted(data.returns)[-6:]
    assert sorted(data.top_percent(20).returns) == best


def test_sparse_moves_the_rewards_alone() -> None:
    data = make_choices()
    sparse = data.sparse()
    assert rows(sparse) == rows(data)
    assert sparse.rewards[data.episode_starts[1:] - 1].tolist() == data.returns.tolist()
    assert np.count_nonzero(sparse.rewards) <= data.episodes
    check(sparse, "sparse")


@pytest.mark.parametrize("cut", ["percent", "top", "sparse", "select"])
def test_statistics_stay_those_of_the_whole_set(cut: str) -> None:
    data = make_choices()
    part = {
        "percent": lambda: data.take_percent(50, 0),
        "top": lambda: data.top_percent(30),
        "sparse": data.sparse,
        "select": lambda: data.select(np.array([1])),
    }[cut]()
    np.testing.assert_array_equal(part.observation_mean, data.observation_mean)
    np.testing.assert_array_equal(part.observation_std, data.observation_std)
    assert part.observation_mean.shape == (2, 2)
