"""The parts of the artifact `score_cost`."""

from __future__ import annotations

import pytest

from bench.report.artifacts.score_cost_methods import methods_of, published_of
from bench.tasks.registry import task_by_name
from tests.helpers.curves import MEDIUM, REACHER, REPLAY, frame, level, run, untimed, usual


def test_the_published_curves_are_of_the_shared_data_sets() -> None:
    found = published_of([MEDIUM, REACHER])
    assert (found.tasks, found.runs) == ((MEDIUM,), 10)
    # bench/paper/d3rlpy_curves.csv, DT on hopper-medium after 100,000 updates
    last = found.curves["DT"][100_000]
    assert 0 < last < 100
    assert len(found.curves["CQL"]) == 15
    assert published_of([REACHER]).curves == {}
    both = published_of([MEDIUM, REPLAY])
    alone = [published_of([task]).curves["IQL"][1000] for task in (MEDIUM, REPLAY)]
    assert both.curves["IQL"][1000] == pytest.approx(sum(alone) / 2)
    assert both.runs == 20
    assert task_by_name(MEDIUM).domain.normalised(0) < alone[0]


def test_a_method_has_its_place_whatever_stands_beside_it() -> None:
    rows = frame(usual(), [level("uniform", score=1.0)])
    methods, notes = methods_of(rows, ["uniform", "dt", "behaviour", "bc"], [MEDIUM], [])
    assert [method.position for method in methods.values()] == [6, 0, 7, 4]
    assert [method.trained for method in methods.values()] == [False, True, False, True]
    assert [method.data for method in methods.values()] == [False, False, True, False]
    assert methods["behaviour"].cost.costs == ()
    assert notes == []


def test_a_method_without_points_before_the_end_is_named() -> None:
    rows = frame([row for row in usual() if row["final"] or row["method"] == "bc"])
    _, notes = methods_of(rows, ["dt", "bc", "behaviour"], [MEDIUM], [])
    assert notes == ["DT has no points before the end."]
    bare = [row for row in run("dt", seed=1) if row["final"]]
    _, notes = methods_of(frame(run("dt"), bare), ["dt"], [MEDIUM], [])
    assert notes == [f"DT has no points before the end on {MEDIUM}, seed 1."]


def test_a_data_set_without_times_leaves_no_mean_curve_and_is_named() -> None:
    rows = frame(run("dt"), untimed(run("dt", REPLAY)))
    methods, notes = methods_of(rows, ["dt"], [MEDIUM, REPLAY], [])
    assert methods["dt"].cost.costs == ()
    assert methods["dt"].of_task[MEDIUM].points == (1, 10, 100)
    assert methods["dt"].updates.points == (10, 20, 30)
    assert methods["dt"].final.mean == 60
    assert notes[0].endswith(f"{REPLAY}, seed 0.")
    assert notes[1] == f"DT has no mean curve over cost: no run with core-seconds on {REPLAY}."
