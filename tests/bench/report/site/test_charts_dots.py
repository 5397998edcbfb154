"""Points with intervals, bars and the spread of returns."""

from __future__ import annotations

import math

import pandas as pd

from bench.report.site.charts import Axis, Series
from bench.report.site.charts_dots import bars, dots, shares, spread
from bench.report.site.looks import looks
from tests.helpers.site import valid

LOOKS = looks(["dt", "bc"])
SERIES = [Series("DT", LOOKS["dt"]), Series("BC", LOOKS["bc"])]
ROWS = pd.DataFrame(
    {
        "category": ["Hopper", "Hopper", "Walker"],
        "series": ["DT", "BC", "DT"],
        "y": [50.0, 20.0, 40.0],
        "low": [40.0, math.nan, 30.0],
        "high": [60.0, math.nan, 500.0],
        "paper": [80.0, math.nan, math.nan],
        "interval": ["40 to 60", "none", "30 to 500"],
    }
)


def test_points_intervals_and_the_papers_dash() -> None:
    spec = dots(ROWS, SERIES, Axis("score"))
    assert valid(spec)
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "rule", "point", "point"]
    low, high = spec["layer"][-1]["encoding"]["y"]["scale"]["domain"]
    assert (low, high) == (2.0, 98.0)  # 20 to 80, and three tenths of it on each side


def test_without_the_paper_there_is_no_dash() -> None:
    spec = dots(ROWS.drop(columns="paper"), SERIES, Axis("score"), reference=None)
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "point"]


def test_one_group_needs_no_name() -> None:
    spec = dots(ROWS[ROWS["category"] == "Walker"], SERIES, Axis("score"))
    assert spec["layer"][-1]["encoding"]["x"]["axis"] == {"labels": False, "ticks": False}


def test_bars_begin_at_0_and_the_papers_are_outlines() -> None:
    spec = bars(ROWS, SERIES, Axis("score"))
    assert valid(spec)
    ours, paper, _ = spec["layer"]
    assert ours["encoding"]["y"]["scale"] == {"zero": True}
    assert paper["mark"]["filled"] is False


def test_shares_of_the_numbers_from_0_to_100() -> None:
    found = shares(list(range(101)))
    assert list(found.values()) == [0, 10, 25, 50, 75, 90, 100]


def test_the_spread_of_returns() -> None:
    rows = pd.DataFrame([{"series": "DT", "episodes": 3} | shares([1.0, 2.0, 3.0])])
    spec = spread(rows, SERIES[:1], Axis("return"))
    assert valid(spec)
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rule", "rule", "rule", "point"]
