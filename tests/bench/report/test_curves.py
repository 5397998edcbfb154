"""Learning curves by hand. A cost of 10 lies in the middle between 1 and 100."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.report.curves import LEAST, Run, cost_of, curve, mean_at, runs_of, score_at
from bench.stats.intervals import Range
from tests.helpers.tables import HALF

RUN: Run = ((1.0, 100.0, 1000.0), (20.0, 40.0, 10.0))


@pytest.mark.parametrize(
    ("cost", "score"),
    [(1.0, 20.0), (10.0, 30.0), (100.0, 40.0), (math.sqrt(1e5), 25.0), (1000.0, 10.0), (1e6, 10.0)],
)
def test_between_two_points_the_score_is_straight_over_the_logarithm(
    cost: float, score: float
) -> None:
    assert score_at(RUN, cost) == pytest.approx(score)


def test_before_its_first_point_a_run_has_no_score() -> None:
    assert math.isnan(score_at(RUN, 0.99))


def test_of_two_points_at_the_same_cost_the_later_counts() -> None:
    assert score_at(((5.0, 5.0), (1.0, 2.0)), 5.0) == 2
    assert score_at(((5.0, 5.0, 500.0), (1.0, 2.0, 4.0)), 50.0) == pytest.approx(3)


def test_the_mean_over_tasks_of_the_means_over_seeds() -> None:
    """Task a: 30 and 50, so 40. Task b: 10 and 10. The mean is 25."""
    runs = {"a": [RUN, ((1.0,), (50.0,))], "b": [((1.0,), (10.0,)), ((1.0,), (10.0,))]}
    found = mean_at(runs, 10.0)
    assert found.mean == pytest.approx(25)
    # the standard error of a is 10, of b 0; half of it, with one degree of freedom
    assert found.high - found.mean == pytest.approx(12.706204736 * 10 / 2)


def test_the_interval_of_one_task_is_students() -> None:
    runs = {"a": [((1.0,), (score,)) for score in (49.0, 50.0, 51.0)]}
    found = mean_at(runs, 2.0)
    assert (found.mean, found.low) == (50, pytest.approx(50 - HALF))


def test_bounded_scores_have_bounded_intervals() -> None:
    runs = {"a": [((1.0,), (score,)) for score in (2.0, 4.0, 12.0)]}
    assert mean_at(runs, 1.0).low < 0
    found = curve(runs, within=Range(0, 100)).scores[0]
    assert 0 <= found.low < found.mean < found.high <= 100


def test_a_curve_begins_where_every_run_has_a_score_and_ends_with_the_slowest() -> None:
    slow: Run = ((2.0, 200.0, 2000.0), (20.0, 40.0, 10.0))
    found = curve({"a": [RUN], "b": [slow]}, at=(0.5, 10.0, 2000.0, 9000.0))
    assert found.points == (2.0, 200.0, 2000.0)
    assert found.costs == (2.0, 10.0, 200.0, 2000.0)
    assert found.end == 2000
    at_10 = found.at(10.0)
    assert at_10 is not None
    middle = 20 + 20 * math.log(5) / math.log(100)  # of the slow run
    assert at_10.mean == pytest.approx((30 + middle) / 2)
    assert found.at(9000.0) is None
    assert found.scores[-1].mean == 10


def test_a_run_without_its_first_point_delays_the_curve_and_no_other_point() -> None:
    bare: Run = ((1000.0,), (10.0,))
    assert curve({"a": [RUN, bare]}).points == (1000.0,)
    short: Run = ((90.0, 900.0), (40.0, 10.0))
    assert curve({"a": [RUN, short]}).points == (90.0, 100.0, 1000.0)


def test_a_task_without_runs_leaves_no_curve() -> None:
    assert curve({"a": [RUN], "b": []}).costs == ()
    assert curve({}).end == 0


def test_one_seed_has_a_mean_and_no_interval() -> None:
    found = curve({"a": [RUN], "b": [RUN]})
    assert found.scores[0].mean == 20
    assert all(math.isnan(score.low) for score in found.scores)


def test_the_cost_of_a_level() -> None:
    """25 is half-way from 20 to 30 over the logarithm, so at the geometric mean."""
    costs, scores = [1.0, 100.0, 1000.0], [20.0, 30.0, 25.0]
    assert cost_of(costs, scores, 25) == pytest.approx(10)
    assert cost_of(costs, scores, 30) == pytest.approx(100)
    assert cost_of(costs, scores, 20) == 1
    assert cost_of(costs, scores, 5) == 1
    assert cost_of(costs, scores, 31) == math.inf
    assert cost_of(costs, [math.nan] * 3, 0) == math.inf


def scores(**columns: list[object]) -> pd.DataFrame:
    about = {"task": ["a"] * 3, "seed": [0, 0, 1], "step": [20, 5, 20], "score": [2.0, 1.0, 3.0]}
    return pd.DataFrame(about | {"core_seconds": [4.0, 0.001, 3.0]} | columns)


def test_runs_by_hand() -> None:
    runs, unknown = runs_of(scores(), "core_seconds")
    assert runs == {"a": [((LEAST, 4.0), (1.0, 2.0)), ((3.0,), (3.0,))]}
    assert unknown == []
    assert runs_of(scores(), "step")[0]["a"][0] == ((5.0, 20.0), (1.0, 2.0))


def test_a_run_without_a_time_is_named() -> None:
    runs, unknown = runs_of(scores(core_seconds=[4.0, 1.0, math.nan]), "core_seconds")
    assert [len(group) for group in runs.values()] == [1]
    assert unknown == ["a, seed 1"]
