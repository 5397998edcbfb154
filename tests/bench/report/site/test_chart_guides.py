"""Lines that help to read a figure."""

from __future__ import annotations

import math

from bench.report.site.chart_guides import guides, plain


def test_a_level_has_a_line_and_its_name() -> None:
    line, name = guides([("the data", 40.0)], [], None)
    assert line["data"]["values"] == [{"y": 40.0, "name": "the data"}]
    assert (line["mark"]["type"], name["mark"]["type"]) == ("rule", "text")


def test_the_diagonal_ends_where_it_is_told() -> None:
    [line] = guides([], [], 7.0)
    assert line["data"]["values"] == [{"x": 0.0, "y": 0.0}, {"x": 7.0, "y": 7.0}]


def test_a_place_is_a_vertical_line() -> None:
    [line] = guides([], [("best", 3.0)], None)
    assert line["encoding"]["x"]["field"] == "x"


def test_nothing_asked_for() -> None:
    assert guides([], [], None) == []


def test_five_digits_are_enough() -> None:
    assert plain(123456.789) == 123460.0
    assert plain(math.nan) is None
    assert plain("text") == "text"
