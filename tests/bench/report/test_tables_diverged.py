"""How many runs of a cell diverged: counted in the numbers of a table, and marked in its text."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from bench.report.cells import AVERAGE
from bench.report.tables import table2, tidy

Scored = Callable[..., pd.DataFrame]
EXPERT, MEDIUM = ("Medium-Expert", "Hopper"), ("Medium", "Hopper")


@pytest.fixture
def scores(scored: Scored) -> pd.DataFrame:
    """Three seeds of DT and BC on two tasks; on one two runs of BC diverged, on the other one."""
    frame = scored(
        {
            ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
            ("hopper-medium-expert", "bc"): [19.0, 20.0, 21.0],
            ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
            ("hopper-medium", "bc"): [39.0, 40.0, 41.0],
        }
    )
    bc = frame["method"] == "bc"
    frame.loc[bc & (frame["task"] == "hopper-medium-expert") & (frame["seed"] > 0), "status"] = (
        "diverged"
    )
    frame.loc[bc & (frame["task"] == "hopper-medium") & (frame["seed"] == 1), "status"] = "diverged"
    return frame


def test_a_cell_counts_its_diverged_runs(scores: pd.DataFrame) -> None:
    table = table2(scores, "test")
    assert [table.rows[row]["bc"].diverged for row in (EXPERT, MEDIUM)] == [2, 1]
    assert [table.rows[row]["dt"].diverged for row in (EXPERT, MEDIUM)] == [0, 0]
    assert table.rows[MEDIUM]["bc"].text() == "40.0 [37.5, 42.5]†"


def test_an_average_counts_the_diverged_runs_of_all_its_rows(scores: pd.DataFrame) -> None:
    average = table2(scores, "test").rows[(AVERAGE, "")]
    assert (average["bc"].diverged, average["dt"].diverged) == (3, 0)


def test_the_numbers_of_a_table_hold_the_counts(scores: pd.DataFrame) -> None:
    found = tidy(table2(scores, "test"))
    of_bc = found[found["method"] == "bc"].set_index(["data", "environment"])["diverged"]
    assert of_bc.to_dict() == {EXPERT: 2, MEDIUM: 1, (AVERAGE, ""): 3}
    assert set(found[found["method"] == "dt"]["diverged"]) == {0}


def test_the_note_counts_the_runs_of_the_whole_table(scores: pd.DataFrame) -> None:
    notes = table2(scores, "test").notes
    assert [note for note in notes if note.startswith("†")] == [
        "† 3 run(s) diverged; they count with their last finite policy."
    ]
