"""bench/report/claims/measure.py: intervals for several data sets at once, and what is counted."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.report.claims.measure import about_cells, at_once, scores_by_cell
from bench.stats.intervals import estimate

# quantiles of Student's t with two degrees of freedom: 1 - 0.05 / 2 and 1 - 0.05 / (2 * 2)
ONE, OF_TWO = 4.302652729911275, 6.205346816570548


def test_an_interval_for_two_data_sets_at_once_by_hand() -> None:
    alone = estimate([4.0, 5.0, 6.0])  # standard error 1 / sqrt(3)
    assert (alone.low, alone.high) == pytest.approx(
        (5 - ONE / math.sqrt(3), 5 + ONE / math.sqrt(3))
    )
    wide = at_once(alone, 2)
    assert wide.mean == 5
    assert wide.low == pytest.approx(5 - OF_TWO / math.sqrt(3))
    assert wide.high == pytest.approx(5 + OF_TWO / math.sqrt(3))


def test_an_interval_for_one_data_set_stays() -> None:
    alone = estimate([4.0, 5.0, 6.0])
    assert (at_once(alone, 1).low, at_once(alone, 1).high) == pytest.approx((alone.low, alone.high))


def test_one_seed_has_no_interval_for_several_either() -> None:
    assert math.isnan(at_once(estimate([5.0]), 3).high)


def rows(*runs: tuple[str, str, int, str]) -> pd.DataFrame:
    """Return runs: task, reward, seed, status."""
    frame = pd.DataFrame(runs, columns=["task", "reward", "seed", "status"])
    return frame.assign(method="dt", data_percent=100.0, score=frame["seed"] + 10.0)


def test_diverged_runs_are_counted_once_for_each_reward_and_seed() -> None:
    runs = rows(
        ("a", "dense", 0, "done"),
        ("a", "sparse", 0, "diverged"),
        ("a", "sparse", 0, "diverged"),  # another row of the same run
        ("a", "sparse", 1, "diverged"),
        ("b", "dense", 0, "diverged"),  # not used
    )
    assert about_cells(runs, [("a", 100.0)], 4) == (1, 4, 2)


def test_cells_with_too_few_runs_are_left_out() -> None:
    runs = rows(("a", "dense", 1, "done"), ("a", "dense", 0, "done"), ("b", "dense", 0, "done"))
    assert scores_by_cell(runs, 2) == {("a", 100.0): [10.0, 11.0]}
    assert set(scores_by_cell(runs)) == {("a", 100.0), ("b", 100.0)}
