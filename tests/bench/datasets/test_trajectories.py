"""Episodes in flat arrays: returns, and the cuts that keep whole episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.consistency import check
from bench.datasets.trajectories import Trajectories
from tests.helpers.episodes import REWARDS, episodes_in, of_returns


@pytest.fixture(scope="module")
def many() -> Trajectories:
    rng = np.random.default_rng(0)
    return of_returns([rng.normal(size=int(n)).tolist() for n in rng.integers(1, 30, 40)])


def test_returns_by_hand(ten: Trajectories) -> None:
    assert ten.returns.tolist() == [6, 4, 5]


def test_returns_to_go_by_hand(ten: Trajectories) -> None:
    assert ten.returns_to_go().tolist() == [6, 5, 3, 4, 5, 5, 5, 3, 1]
    assert ten.returns_to_go().dtype == np.float32


def test_timeouts_and_terminals_are_kept_apart(ten: Trajectories) -> None:
    assert np.flatnonzero(ten.terminals).tolist() == [2, 8]
    assert np.flatnonzero(ten.timeouts).tolist() == [4]
    chosen = ten.select(np.array([1, 2]))
    assert np.flatnonzero(chosen.terminals).tolist() == [5]
    assert np.flatnonzero(chosen.timeouts).tolist() == [1]


def test_select_takes_whole_episodes_in_the_order_asked_for(ten: Trajectories) -> None:
    chosen = ten.select(np.array([2, 0]))
    assert chosen.rewards.tolist() == [0, 2, 2, 1, 1, 2, 3]
    assert chosen.observations[:, 0].tolist() == [10, 12, 14, 16, 0, 2, 4]
    assert chosen.episode_starts.tolist() == [0, 4, 7]
    check(chosen, "chosen")


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data.take_percent(50, 0),
        lambda data: data.top_percent(40),
        lambda data: data.sparse(),
        lambda data: data.select(np.array([1])),
        lambda data: data.take_percent(80, 1).top_percent(50).sparse(),
    ],
    ids=["percent", "top", "sparse", "select", "all"],
)
def test_observation_statistics_stay_those_of_the_whole_set(toy: Trajectories, cut: Any) -> None:
    part = cut(toy)
    np.testing.assert_array_equal(part.observation_mean, toy.observation_mean)
    np.testing.assert_array_equal(part.observation_std, toy.observation_std)
    check(part, "part")


def test_sparse_puts_the_return_on_the_last_step(ten: Trajectories) -> None:
    sparse = ten.sparse()
    assert sparse.rewards.tolist() == [0, 0, 6, 0, 4, 0, 0, 0, 5]
    assert sparse.returns_to_go().tolist() == [6, 6, 6, 4, 4, 5, 5, 5, 5]
    assert ten.rewards.tolist() == REWARDS[:9]


def test_sparse_keeps_every_return(toy: Trajectories) -> None:
    np.testing.assert_allclose(toy.sparse().returns, toy.returns, rtol=1e-6)
    assert np.count_nonzero(toy.sparse().rewards) == toy.episodes


def test_the_first_return_to_go_is_the_return(many: Trajectories) -> None:
    np.testing.assert_allclose(
        many.returns_to_go()[many.episode_starts[:-1]], many.returns, rtol=1e-5
    )


@given(
    seed=st.sampled_from([0, 1, 2, 3]),
    data_percents=st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)).map(sorted),
)
def test_more_percent_contains_less(
    many: Trajectories, seed: int, data_percents: list[float]
) -> None:
    less, more = (many.take_percent(percent, seed) for percent in data_percents)
    assert set(episodes_in(less)) <= set(episodes_in(more))


@given(seed=st.integers(0, 50), percent=st.floats(0.01, 100))
def test_percent_keeps_whole_episodes_in_order_within_the_budget(
    many: Trajectories, seed: int, percent: float
) -> None:
    part = many.take_percent(percent, seed)
    kept = episodes_in(part)
    assert kept == sorted(set(kept))
    assert part.lengths.tolist() == many.lengths[kept].tolist()
    assert part.episodes == 1 or part.steps <= many.steps * percent / 100


def test_percent_comes_close_to_its_budget(many: Trajectories) -> None:
    for seed in range(20):
        missing = many.steps * 0.5 - many.take_percent(50, seed).steps
        assert 0 <= missing < many.lengths.max()


def test_percent_takes_an_episode_that_fits_exactly() -> None:
    data = of_returns([[1.0] * 5] * 4)
    assert [data.take_percent(percent, 0).steps for percent in (49.9, 50, 75)] == [5, 10, 15]


def test_percent_draws_by_seed(many: Trajectories) -> None:
    draws = [tuple(episodes_in(many.take_percent(30, seed))) for seed in range(5)]
    assert len(set(draws)) == 5
    assert draws == [tuple(episodes_in(many.take_percent(30, seed))) for seed in range(5)]


@pytest.mark.parametrize("percent", [100, 100.0])
def test_all_percent_is_everything(toy: Trajectories, percent: float) -> None:
    np.testing.assert_array_equal(toy.take_percent(percent, 3).rewards, toy.rewards)


def test_at_least_one_episode_remains(many: Trajectories) -> None:
    assert many.take_percent(0.001, 0).episodes == 1
    assert many.top_percent(0.001).episodes == 1


# 20 steps; from the best: episode 2 (5 steps, 9), 0 (6 steps, 8), 3 (2 steps, 7), 1 (7 steps, 1)
RANKED = [[0.0] * 5 + [8], [1.0] + [0.0] * 6, [9.0] + [0.0] * 4, [3.0, 4.0]]


@pytest.mark.parametrize(
    ("percent", "kept"),
    [
        (1, [2]),
        (25, [2]),
        (50, [2]),
        (54, [2]),
        (55, [0, 2]),
        (64, [0, 2]),
        (65, [0, 2, 3]),
        (99, [0, 2, 3]),
        (100, [0, 1, 2, 3]),
    ],
    ids=[
        "one-at-least",
        "fits",
        "next-does-not-fit",
        "below",
        "exact",
        "below2",
        "exact2",
        "no-worst",
        "all",
    ],
)
def test_top_percent_counts_time_steps_from_the_best_episode_down(
    percent: float, kept: list[int]
) -> None:
    assert episodes_in(of_returns(RANKED).top_percent(percent)) == kept


def test_top_percent_stops_at_the_first_episode_that_does_not_fit() -> None:
    # budget 7 of 20: 5 steps of the best, the 6 of the next do not fit, the 2 of the third would
    assert episodes_in(of_returns(RANKED).top_percent(35)) == [2]


def test_top_percent_is_not_a_share_of_the_episodes() -> None:
    data = of_returns([[1.0] * 90] + [[0.5]] * 10)  # 11 episodes, 100 steps
    assert episodes_in(data.top_percent(50)) == [0]


def test_top_percent_ranks_by_the_undiscounted_return() -> None:
    late, early = [0.0] * 99 + [5.1], [5.0] + [0.0] * 99
    assert episodes_in(of_returns([early, late]).top_percent(50)) == [1]


def test_final_observations_follow_their_episodes(with_ends: Trajectories) -> None:
    chosen = with_ends.select(np.array([2, 0]))
    assert chosen.final_observations is not None
    assert chosen.final_observations.tolist() == [[300, 301], [100, 101]]
    sparse = with_ends.sparse().final_observations
    assert sparse is with_ends.final_observations
