"""Curves as specifications of Vega-Lite."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bench.report.site.charts import Axis, Series, curves, intervals, records
from bench.report.site.looks import looks
from tests.helpers.site import HOSTILE, valid

LOOK = looks(["dt"])["dt"]
SERIES = [Series("DT", LOOK), Series(HOSTILE, LOOK, dashed=True)]
ROWS = pd.DataFrame(
    {
        "series": ["DT", "DT", HOSTILE],
        "x": [1.0, 10.0, 3.0],
        "y": [20.0, 30.0, 25.0],
        "low": [10.0, -1000.0, math.nan],
        "high": [30.0, 1000.0, math.nan],
        "interval": ["10 to 30", "-1000 to 1000", "none"],
        "runs": [3, 3, 1],
        "point": [True, False, True],
    }
)


def drawn(**more: object) -> dict[str, object]:
    spec = curves(ROWS, SERIES, Axis("seconds", log=True), Axis("score"), **more)  # type: ignore[arg-type]
    assert valid(spec)
    return spec


def kinds(spec: dict[str, object]) -> list[str]:
    layers = spec["layer"]
    assert isinstance(layers, list)
    return [layer["mark"]["type"] for layer in layers]


def test_bands_lines_and_marks() -> None:
    assert kinds(drawn()) == ["area", "line", "point"]


def test_levels_lines_and_the_diagonal() -> None:
    spec = drawn(levels=[("data", 40.0)], vertical=[("best", 5.0)], diagonal=9.0)
    assert kinds(spec) == ["area", "line", "point", "rule", "text", "rule", "line"]


def test_without_intervals_there_is_no_band() -> None:
    rows = ROWS.drop(columns=["low", "high"])
    spec = curves(rows, SERIES, Axis("x"), Axis("y"), detail="runs")
    assert valid(spec)
    assert kinds(spec) == ["line", "point"]


def test_a_wide_interval_does_not_make_the_means_small() -> None:
    [band, *_] = drawn()["layer"]  # type: ignore[misc]
    low, high = band["encoding"]["y"]["scale"]["domain"]
    assert (low, high) == pytest.approx((18.0, 32.0))  # a fifth of 20 to 30 more


def test_all_series_are_shown_at_first() -> None:
    assert drawn()["params"] == [{"name": "shown", "value": ["DT", HOSTILE]}]


def test_other_columns_are_told() -> None:
    spec = drawn()
    told = spec["layer"][2]["encoding"]["tooltip"]  # type: ignore[index]
    assert [one["title"] for one in told] == ["method", "seconds", "score", "95 % interval", "runs"]


def test_numbers_that_json_holds() -> None:
    rows = pd.DataFrame({"a": [1.23456789, math.nan, math.inf], "b": np.array([1, 2, 3])})
    assert records(rows) == [{"a": 1.2346, "b": 1}, {"a": None, "b": 2}, {"a": None, "b": 3}]


def test_an_axis_around_one_value_has_room() -> None:
    assert Axis("y").around([5.0, math.nan]).ends == (4.0, 6.0)
    assert Axis("y").around([]).ends is None


def test_an_axis_ends_at_the_values_that_are_possible() -> None:
    shares = Axis("share", within=(0.0, 1.0))
    assert shares.around([0.1, 0.9]).ends == (0.0, 1.0)
    assert shares.around([0.4, 0.6], room=0.5).ends == pytest.approx((0.3, 0.7))


def test_intervals_as_text() -> None:
    rows = pd.DataFrame({"low": [1.04, math.nan], "high": [2.0, math.nan]})
    assert intervals(rows) == ["1.0 to 2.0", "none"]
