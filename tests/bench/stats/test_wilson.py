from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.stats.wilson import score_interval, wilson

Z = 1.959963984540054  # of the normal distribution, from a table


def counts() -> st.SearchStrategy[tuple[int, int]]:
    return st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts(), st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_it_is_scipys(run: tuple[int, int], level: float) -> None:
    theirs = stats.binomtest(*run).proportion_ci(level, method="wilson")
    assert wilson(*run, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


@given(counts())
def test_it_holds_the_rate_and_mirrors_the_failures(run: tuple[int, int]) -> None:
    (wins, episodes), (low, high) = run, wilson(*run)
    assert 0 <= low <= wins / episodes <= high <= 1
    assert low < high
    mirrored = wilson(episodes - wins, episodes)
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_half_of_100_by_hand() -> None:
    half = Z / (2 * math.sqrt(100 + Z**2))
    assert wilson(50, 100) == pytest.approx((0.5 - half, 0.5 + half))


@pytest.mark.parametrize("episodes", [1, 20, 1000])
def test_none_and_all_by_hand(episodes: int) -> None:
    reach = Z**2 / (episodes + Z**2)
    assert wilson(0, episodes) == (0, pytest.approx(reach))
    assert wilson(episodes, episodes) == (pytest.approx(1 - reach), 1)


@pytest.mark.parametrize(
    ("wins", "episodes", "message"),
    [
        (0, 0, "0 episodes have no success rate"),
        (3, 2, "3 successes of 2 episodes: give 0 to 2"),
        (-1, 2, "-1 successes"),
    ],
)
def test_what_is_no_rate_is_refused(wins: int, episodes: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        wilson(wins, episodes)


@given(st.floats(0, 1), st.floats(0.5, 5000), st.floats(0.1, 20))
def test_ends_of_a_share_stay_between_0_and_1_and_around_it(
    share: float, number: float, quantile: float
) -> None:
    low, high = score_interval(share, number, quantile)
    assert low + 1e-12 >= 0
    assert low - 1e-12 <= share <= high + 1e-12
    assert high <= 1 + 1e-12


def test_the_interval_of_a_share_is_where_the_score_equals_the_quantile() -> None:
    low, high = score_interval(0.3, 7.5, 2.2)
    for end in (low, high):
        score = (0.3 - end) / math.sqrt(end * (1 - end) / 7.5)
        assert abs(score) == pytest.approx(2.2)
