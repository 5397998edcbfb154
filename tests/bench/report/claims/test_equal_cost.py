"""bench/report/claims/equal_cost.py: scores at the largest common cost, by hand."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from bench.report.claims.equal_cost import difference_at_equal_cost
from bench.report.claims.measure import NotRun
from tests.helpers.evidence import MEDIUM, REPLAY

Curve = list[tuple[float, float]]  # core-seconds and score of each snapshot and of the end


def rows(task: str, method: str, seed: int, curve: Curve, **more: Any) -> list[dict[str, Any]]:
    last = len(curve) - 1
    return [
        {
            "task": task,
            "method": method,
            "seed": seed,
            "reward": "dense",
            "data_percent": 100.0,
            "status": "done",
            "kind": "score" if position == last else "curve",
            "final": position == last,
            "step": 100 * (position + 1),
            "core_seconds": seconds,
            "score": score,
        }
        | more
        for position, (seconds, score) in enumerate(curve)
    ]


def two_methods() -> list[dict[str, Any]]:
    """DT takes 40 core-seconds, CQL 20. DT scores 10, 30, 50, 70 along the way; CQL ends at 25."""
    found = []
    for seed in (0, 1):
        dt = [(10.0, 10.0 + seed), (20.0, 30.0 + seed), (30.0, 50.0 + seed), (40.0, 70.0 + seed)]
        found += rows(REPLAY, "dt", seed, dt)
        found += rows(REPLAY, "cql", seed, [(5.0, 1.0), (20.0, 25.0 + seed)])
    return found


def test_the_dearer_method_is_read_at_the_cost_of_the_cheaper_one() -> None:
    found = difference_at_equal_cost(pd.DataFrame(two_methods()), "dt", "cql")
    assert found.value == pytest.approx(30.5 - 25.5)
    assert found.note == "at 20 core-seconds"
    # standard deviation sqrt(1/2) each, two runs: error sqrt(1/2), 2 degrees of freedom
    assert found.high - found.value == pytest.approx(4.302652729911275 * math.sqrt(0.5))
    back = difference_at_equal_cost(pd.DataFrame(two_methods()), "cql", "dt")
    assert back.value == pytest.approx(-5)


def test_a_score_between_two_snapshots_is_interpolated() -> None:
    frame = pd.DataFrame(two_methods())
    frame.loc[(frame["method"] == "cql") & frame["final"], "core_seconds"] = 25.0
    between = 30.5 + 20 * math.log(25 / 20) / math.log(30 / 20)
    assert difference_at_equal_cost(frame, "dt", "cql").value == pytest.approx(between - 25.5)


def test_a_run_that_was_faster_than_the_others_counts_with_its_end() -> None:
    frame = pd.DataFrame(two_methods())
    last = (frame["method"] == "cql") & frame["final"]
    frame.loc[last, "core_seconds"] = [18.0, 22.0]  # median 20
    found = difference_at_equal_cost(frame, "dt", "cql")
    second = 1 + (26 - 1) * math.log(20 / 5) / math.log(22 / 5)
    assert found.value == pytest.approx(30.5 - (25 + second) / 2)


def test_a_data_set_whose_first_snapshot_is_dearer_is_left_out() -> None:
    found = [*two_methods()]
    for seed in (0, 1):
        found += rows(MEDIUM, "dt", seed, [(30.0, 50.0), (40.0, 70.0)])
        found += rows(MEDIUM, "cql", seed, [(5.0, 1.0), (20.0, 25.0)])
    measure = difference_at_equal_cost(pd.DataFrame(found), "dt", "cql")
    assert (measure.cells, measure.missing) == (1, 1)


def test_sparse_rewards_and_fractions_of_the_data_are_not_used() -> None:
    others = [
        row
        for seed in (0, 1)
        for more in ({"reward": "sparse"}, {"data_percent": 10.0})
        for row in rows(REPLAY, "dt", seed, [(1.0, 99.0), (2.0, 99.0)], **more)
    ]
    found = difference_at_equal_cost(pd.DataFrame([*two_methods(), *others]), "dt", "cql")
    assert found.value == pytest.approx(5)


def test_runs_without_times_or_snapshots_are_not_compared() -> None:
    frame = pd.DataFrame(two_methods())
    with pytest.raises(NotRun, match="no data set with times and snapshots of dt and cql"):
        difference_at_equal_cost(frame.assign(core_seconds=math.nan), "dt", "cql")
    with pytest.raises(NotRun):
        difference_at_equal_cost(frame[frame["final"]], "dt", "cql")
    with pytest.raises(NotRun):
        difference_at_equal_cost(frame, "dt", "td3")
