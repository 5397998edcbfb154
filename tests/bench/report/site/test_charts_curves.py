"""Learning curves and sweeps as interactive figures."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.report.site.charts import Series
from bench.report.site.charts_curves import (
    _without_variants,
    each_seed,
    learning_curve,
    sweep,
)
from bench.report.site.context import Context
from bench.report.site.looks import Look
from tests.helpers.site import HOSTILE, valid

TASK = "hopper-medium"


def test_the_mean_over_seeds(context: Context) -> None:
    chart = learning_curve(TASK, context.scores[TASK], context.looks)
    assert chart is not None
    assert valid(chart.spec)
    assert [one.name for one in chart.series] == ["DT", "BC", HOSTILE]
    last = [v for v in chart.spec["data"]["values"] if v["series"] == "DT"][-1]
    assert (last["x"], last["y"], last["seeds"]) == pytest.approx((8.0, 41.0, 2))


def test_a_run_without_snapshots_does_not_shorten_the_curve(context: Context) -> None:
    """Another suite gives the method more seeds, of which only the last policy is evaluated."""
    rows = context.scores[TASK]
    last = rows[(rows["method"] == "dt") & (rows["kind"] == "score") & (rows["seed"] == 0)]
    more = pd.concat([rows, last.assign(seed=7)], ignore_index=True)
    before, after = (learning_curve(TASK, each, context.looks) for each in (rows, more))
    assert before is not None
    assert after is not None
    assert after.spec["data"]["values"] == before.spec["data"]["values"]


def test_variants_are_hidden_at_first() -> None:
    look = Look("#0072b2", "circle")
    names = ["DT", "DT, K = 1", "CQL, sparse", "Mine, my own"]
    found = _without_variants([Series(name, look) for name in names])
    assert [one.hidden for one in found] == [False, True, False, False]


def test_what_is_not_trained_is_a_level(context: Context) -> None:
    chart = learning_curve(TASK, context.scores[TASK], context.looks)
    assert chart is not None
    names = [layer["data"]["values"][0]["name"] for layer in chart.spec["layer"] if "data" in layer]
    assert names == ["Behaviour", "Behaviour"]  # the line and its text


def test_a_line_for_each_seed_over_seconds_or_updates(context: Context) -> None:
    rows = context.scores[TASK]
    for axis, end in (("core_seconds", 8.0), ("step", 20.0)):
        chart = each_seed(TASK, rows, context.looks, axis)
        assert chart is not None
        assert valid(chart.spec)
        values = [v for v in chart.spec["data"]["values"] if v["series"] == "DT"]
        assert {v["seed"] for v in values} == {"0", "1"}
        assert max(v["x"] for v in values) == end


def test_times_too_short_to_measure_are_at_a_hundredth_of_a_second(context: Context) -> None:
    rows = context.scores[TASK]
    rows = rows[rows["method"] == "dt"]
    rows = rows.assign(core_seconds=rows["core_seconds"].map({4.0: 0.0, 8.0: 0.5}))
    chart = each_seed(TASK, rows, context.looks)
    assert chart is not None
    assert {value["x"] for value in chart.spec["data"]["values"]} == {0.01, 0.5}


def test_a_sweep(context: Context) -> None:
    chart = sweep(TASK, context.scores[TASK], context.looks)
    assert chart is not None
    assert valid(chart.spec)
    achieved = {v["target, raw"]: v["y"] for v in chart.spec["data"]["values"]}
    assert achieved == pytest.approx({1000.0: 30.0, 3000.0: 50.0})


def test_without_points_there_is_no_curve(context: Context) -> None:
    rows = context.scores["hopper-medium-expert"]
    last = rows[rows["kind"] == "score"]
    assert learning_curve(TASK, last, context.looks) is None
    assert each_seed(TASK, last, context.looks) is None
    assert sweep(TASK, rows, context.looks) is None
