"""bench/report/claims/comparisons.py: differences, probabilities and spreads by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd
import pytest
from scipy import stats

from bench.report.claims import comparisons
from bench.report.claims.ledger import find
from bench.report.claims.measure import Measure, NotRun
from bench.report.claims.registry import Check
from tests.helpers.evidence import EXPERT, FULL, MEDIUM, REPLAY, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_difference_by_hand(frame: Frame) -> None:
    found = comparisons.difference(frame((FULL, {})), "dt", "cql")
    # three data sets, five points ahead on each, standard deviation 2 everywhere:
    # error sqrt(6 * 4 / 3) / 3, 12 degrees of freedom
    half = 2.1788128296634177 * math.sqrt(8) / 3
    assert found.value == pytest.approx(5)
    assert (found.low, found.high) == pytest.approx((5 - half, 5 + half))
    assert (found.cells, found.missing, found.diverged) == (3, 0, 0)


def test_a_data_set_that_one_method_lacks_is_left_out_and_counted(frame: Frame) -> None:
    holed = {key: value for key, value in FULL.items() if key != (EXPERT, "cql")}
    found = comparisons.difference(frame((holed, {})), "dt", "cql")
    assert (found.cells, found.missing) == (2, 1)


def test_best_of_several_is_chosen_on_each_data_set(frame: Frame) -> None:
    cells = dict(FULL) | {(MEDIUM, "bc40"): [70.0, 70.0, 70.0]}
    found = comparisons.difference_to_best(frame((cells, {})), "dt", ["bc10", "bc40"])
    # bc10 is 3 ahead on two data sets, bc40 70 - 47 = 23 on the third
    assert found.value == pytest.approx(-(3 + 3 + 23) / 3)


def test_dense_minus_sparse_by_hand(frame: Frame) -> None:
    sparse = {(REPLAY, "cql"): [2.0, 4.0, 6.0]}
    found = comparisons.reward_difference(frame((FULL, {}), (sparse, {"reward": "sparse"})), "cql")
    assert found.value == pytest.approx(22 - 4)
    assert (found.cells, found.missing) == (1, 2)


def test_improvement_by_hand(frame: Frame) -> None:
    scores = frame((FULL, {}))
    found = comparisons.improvement(scores, "dt", "cql")
    # 5 7 9 against 0 2 4: always
    assert (found.value, found.high) == (1, 1)
    # nine runs of either that never overlap are not certain: t(0.975, 12 degrees) = 2.179
    assert found.low == pytest.approx(9 / (9 + 2.178813**2))


def test_diverged_runs_that_are_not_used_are_not_counted(frame: Frame) -> None:
    diverged = {(MEDIUM, "cql"): [1.0, 2.0, 3.0]}
    used = {key: value for key, value in FULL.items() if key[0] != MEDIUM}
    scores = frame((used, {}), (diverged, {"diverged": ("cql",)}))
    found = comparisons.difference(scores, "dt", "cql")
    assert (found.cells, found.diverged) == (2, 0)


COMPARISONS: dict[str, Callable[[pd.DataFrame], Measure]] = {
    "difference": lambda scores: comparisons.difference(scores, "dt", "cql"),
    "difference_each": lambda scores: comparisons.difference_each(scores, "dt", "cql"),
    "difference_to_best": lambda scores: comparisons.difference_to_best(
        scores, "dt", ["bc10", "bc40"]
    ),
    "lead": lambda scores: comparisons.lead(scores, ["dt"], ["cql", "bc"]),
    "improvement": lambda scores: comparisons.improvement(scores, "dt", "cql"),
}


@pytest.mark.parametrize("statistic", COMPARISONS.values(), ids=COMPARISONS)
def test_dense_and_sparse_runs_are_never_pooled(
    frame: Frame, statistic: Callable[[pd.DataFrame], Measure]
) -> None:
    """With sparse rewards every method but CQL scores 0 on the same data sets."""
    sparse = {key: values if key[1] == "cql" else [0.0, 0.5, 1.0] for key, values in FULL.items()}
    dense, both = frame((FULL, {})), frame((FULL, {}), (sparse, {"reward": "sparse"}))
    assert set(both["reward"]) == {"dense", "sparse"}
    assert statistic(both) == statistic(dense)


def test_a_diverged_sparse_run_is_counted(frame: Frame) -> None:
    sparse = {(REPLAY, "cql"): [2.0, 4.0, 6.0]}
    scores = frame((FULL, {}), (sparse, {"reward": "sparse", "diverged": ("cql",)}))
    found = comparisons.reward_difference(scores, "cql")
    assert (found.cells, found.diverged) == (1, 3)
    arguments = {"method": "cql"}
    check = Check("CQL", "sparse", "reward_difference", arguments, ("above", (0.0,)))
    assert "3 run(s) diverged and are counted" in find(check, {"sparse": scores}).remarks


def test_both_rewards_count_diverged_runs(frame: Frame) -> None:
    dense = {(REPLAY, "cql"): [20.0, 22.0, 24.0]}
    sparse = {(REPLAY, "cql"): [2.0, 4.0]}
    scores = frame(
        (dense, {"diverged": ("cql",)}), (sparse, {"reward": "sparse", "diverged": ("cql",)})
    )
    assert comparisons.reward_difference(scores, "cql").diverged == 3 + 2


def test_a_difference_to_a_share_of_the_other_method(frame: Frame) -> None:
    """DT 25, 45, 65 and CQL 20, 40, 60 with two more points on average: DT - 0.9 CQL is 27 - 19.8 and so on."""
    found = comparisons.difference_each(frame((FULL, {})), "dt", "cql", share=0.9)
    each = {REPLAY: 27 - 19.8, MEDIUM: 47 - 37.8, EXPERT: 67 - 55.8}
    assert {task: one.mean for task, one in found.parts.items()} == pytest.approx(each)
    assert found.value == pytest.approx(sum(each.values()) / 3)
    # standard deviations 2 and 1.8, three runs each
    part = found.parts[MEDIUM]
    a, b = 4 / 3, 3.24 / 3
    freedom = (a + b) ** 2 / ((a**2 + b**2) / 2)
    assert part.high - part.mean == pytest.approx(stats.t.isf(0.025, freedom) * math.sqrt(a + b))


def test_a_difference_on_some_kinds_of_data(frame: Frame) -> None:
    ahead = {(EXPERT, "dt"): [160.0, 162.0, 164.0]}
    scores = frame((FULL | ahead, {}))
    found = comparisons.difference(scores, "dt", "cql", kinds=["medium", "medium-replay"])
    assert (found.value, found.cells, found.missing) == (pytest.approx(5), 2, 0)
    with pytest.raises(NotRun):
        comparisons.difference(scores, "dt", "cql", kinds=["expert"])


def test_the_best_method_is_the_one_with_the_largest_mean(frame: Frame) -> None:
    cells = {
        # means 40 and 50; the first has the largest run
        (REPLAY, "dt"): [100.0, 100.0, 100.0],
        (REPLAY, "bc10"): [0.0, 0.0, 120.0],
        (REPLAY, "bc40"): [50.0, 50.0, 50.0],
        # means 40 and 30; the second has the larger median, the larger minimum and the first seed
        (MEDIUM, "dt"): [100.0, 100.0, 100.0],
        (MEDIUM, "bc10"): [10.0, 10.0, 100.0],
        (MEDIUM, "bc40"): [30.0, 30.0, 30.0],
    }
    scores = frame((cells, {}))
    found = comparisons.difference_to_best(scores, "dt", ["bc10", "bc40"])
    assert found.value == pytest.approx(((100 - 50) + (100 - 40)) / 2)
    lead = comparisons.lead(scores, ["dt"], ["bc10", "bc40"])
    assert {task: one.mean for task, one in lead.parts.items()} == {REPLAY: 50, MEDIUM: 60}
    worst = comparisons.lead(scores, ["bc10", "bc40"], ["dt"])
    assert {task: one.mean for task, one in worst.parts.items()} == {REPLAY: -60, MEDIUM: -70}


def test_a_difference_with_sparse_rewards_alone(frame: Frame) -> None:
    sparse = {(REPLAY, "dt"): [30.0, 32.0], (REPLAY, "cql"): [2.0, 4.0]}
    scores = frame((FULL, {}), (sparse, {"reward": "sparse"}))
    found = comparisons.sparse_difference(scores, "dt", "cql")
    assert found.value == pytest.approx(31 - 3)
    assert found.cells == 1
    with pytest.raises(NotRun):
        comparisons.sparse_difference(frame((FULL, {})), "dt", "cql")
