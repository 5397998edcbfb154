"""bench/report/tables.py: the source of the data in a verdict, and averages, by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from bench.report.cells import AVERAGE
from bench.report.tables import table2
from bench.stats.verdicts import DIFFERS, OTHER_DATA

Scored = Callable[..., pd.DataFrame]
EXPERT, MEDIUM = ("Medium-Expert", "Hopper"), ("Medium", "Hopper")
HOPPER = {
    ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
    ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
}


@pytest.mark.parametrize("generated", [[0], [2], [0, 1]], ids=["first", "last", "two"])
def test_a_cell_with_runs_on_two_sources_is_on_other_data(
    scored: Scored, generated: list[int]
) -> None:
    """50 against the paper's 107.6 ± 1.8 differs if all three runs learned from D4RL's data."""
    scores = scored(HOPPER, source="d4rl")
    assert table2(scores, "test").rows[EXPERT]["dt"].verdict == DIFFERS
    mixed = (scores["task"] == "hopper-medium-expert") & scores["seed"].isin(generated)
    scores.loc[mixed, "source"] = "generated"
    table = table2(scores, "test")
    assert table.rows[EXPERT]["dt"].verdict == OTHER_DATA
    assert table.rows[MEDIUM]["dt"].verdict == DIFFERS  # the other cell is on D4RL's data
    assert table.verdicts[EXPERT] == "—"
    assert any("the runs on Medium-Expert Hopper were not trained on" in n for n in table.notes)


def test_the_average_without_reacher_leaves_reacher_out(scored: Scored) -> None:
    runs = HOPPER | {("reacher2d-medium", "dt"): [9.0, 10.0, 11.0]}
    rows = table2(scored(runs), "test").rows
    assert list(rows)[-2:] == [(AVERAGE, "without Reacher"), (AVERAGE, "")]
    without, whole = rows[AVERAGE, "without Reacher"]["dt"].ours, rows[AVERAGE, ""]["dt"].ours
    assert without is not None
    assert whole is not None
    assert without.mean == pytest.approx((50 + 30) / 2)
    assert whole.mean == pytest.approx((50 + 30 + 10) / 3)


def test_without_reacher_there_is_one_average(scored: Scored) -> None:
    rows = table2(scored(HOPPER), "test").rows
    assert [row for row in rows if row[0] == AVERAGE] == [(AVERAGE, "")]
    ours = rows[AVERAGE, ""]["dt"].ours
    assert ours is not None
    assert ours.mean == pytest.approx(40)
