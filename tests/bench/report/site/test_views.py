"""Tables as the templates show them."""

from __future__ import annotations

from bench.report.site.tables import Grid
from bench.report.site.views import Cell, filled, plain, view_of

GRID = Grid(
    "",
    ["Data", "Environment", "DT", "DT, paper"],
    [["Medium", "Hopper", "42.0 [39.0, 45.0]", "67.6 ± 1.0"], ["Average", "", "42.0", "—"]],
    [],
)


def test_data_and_environment_are_one_column_and_averages_stay_below() -> None:
    view = view_of(GRID)
    assert view.headings == ["Data set", "DT", "DT, paper"]
    assert [cell.text for cell in view.rows[0]] == [
        "Medium Hopper",
        "42.0 [39.0, 45.0]",
        "67.6 ± 1.0",
    ]
    assert [[cell.text for cell in row] for row in view.foot] == [["Average", "42.0", "—"]]


def test_a_cell_has_a_number_a_link_and_an_interval_apart() -> None:
    view = view_of(GRID, [["", "", "runs.html?a", ""], [""] * 4], ["task.html", ""])
    head, ours, paper = view.rows[0]
    assert (head.href, ours.href, paper.href) == ("task.html", "runs.html?a", "")
    assert (ours.key, ours.main, ours.rest) == ("42.0", "42.0", "[39.0, 45.0]")
    assert (paper.main, paper.rest) == ("67.6", "± 1.0")
    assert view.linked


def test_a_table_without_links_has_none() -> None:
    assert not view_of(GRID).linked


def test_only_a_number_has_an_interval_apart() -> None:
    assert Cell("DT (dt)").rest == ""
    assert Cell("DT (dt)").main == "DT (dt)"


def test_a_long_text_wraps() -> None:
    assert Cell("word " * 20).long
    assert not Cell("42.0 [39.0, 45.0]").long


def test_an_empty_cell_gets_the_text_above() -> None:
    grid = Grid("", ["", "Claim", "x"], [["C1", "a", "1"], ["", "", "2"], ["C2", "b", ""]], [])
    assert filled(grid, 2).rows == [["C1", "a", "1"], ["C1", "a", "2"], ["C2", "b", ""]]


def test_a_plain_table_sorts_its_numbers() -> None:
    view = plain(["a", "b"], [["dt", 1300], [Cell("bc", href="x"), "—"]])
    assert [[cell.key for cell in row] for row in view.rows] == [["", "1300"], ["", ""]]
