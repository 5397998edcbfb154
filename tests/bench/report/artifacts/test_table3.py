"""Table 3, percent BC."""

from __future__ import annotations

import math

from bench.report.artifacts.table3 import best_in_hindsight
from bench.report.cells import AVERAGE, Cell, Table
from bench.stats.intervals import Estimate
from tests.helpers.evidence import FULL, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_table_3_quotes_table_3_and_names_hindsight(frame: Frame) -> None:
    artifact = made("table3", frame((FULL, {})))
    assert any("hindsight" in note for note in artifact.notes)
    assert any("10%BC on 3 of 3 data sets" in note for note in artifact.notes)
    numbers = artifact.numbers.set_index(["data", "method"])
    assert numbers.loc[("Medium-Replay", "dt"), "paper_mean"] == 82.7
    assert numbers.loc[("Medium-Replay", "bc40"), "paper_mean"] == 31.0
    assert math.isnan(numbers.loc[("Medium-Expert", "dt"), "paper_mean"])  # not in Table 3


def counted(*rows: dict[str, float | None], columns: tuple[str, ...] = ("a", "b")) -> list[str]:
    """Return the note on rows of means; the last row is the average."""

    def cell(mean: float | None) -> Cell:
        known = None if mean is None else Estimate(mean, 1.0, mean - 1, mean + 1, 3)
        return Cell(known, None, 0)

    places = [(f"data {place}", "Hopper") for place in range(len(rows) - 1)] + [(AVERAGE, "")]
    lines = {
        place: {name: cell(mean) for name, mean in row.items()}
        for place, row in zip(places, rows, strict=True)
    }
    return best_in_hindsight(Table({"a": "10%BC", "b": "40%BC"}, lines, {}, []), list(columns))


def test_the_best_x_is_counted_over_data_sets_and_not_over_averages() -> None:
    average = {"a": 9.0, "b": 1.0}
    lines = ({"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 2.0}, {"a": None, "b": 0.0}, average)
    [note] = counted(*lines)
    assert note.endswith("40%BC on 2, 10%BC on 1 of 3 data sets.")
    [note] = counted(*lines, columns=("a",))
    assert note.endswith("10%BC on 2 of 2 data sets.")


def test_without_percent_bc_there_is_no_best_x() -> None:
    average = {"a": 1.0, "b": 1.0}
    assert counted({"a": 1.0, "b": 1.0}, average, columns=()) == []
    assert counted({"a": None, "b": None}, average) == []
