"""The text of a cell."""

from __future__ import annotations

import math

import pytest

from bench.report.cells import Cell, spell
from bench.stats.intervals import Estimate


@pytest.mark.parametrize(
    ("ours", "diverged", "text"),
    [
        (Estimate(57.34, 3.0, 50.06, 64.55, 3), 0, "57.3 [50.1, 64.5]"),
        (Estimate(57.34, 3.0, 50.06, 64.55, 3), 2, "57.3 [50.1, 64.5]†"),
        (Estimate(-3.26, 1.0, -8.0, 1.5, 3), 0, "-3.3 [-8.0, 1.5]"),
        (Estimate(12.3, math.nan, math.nan, math.nan, 1), 0, "12.3 (1 seed)"),
        (Estimate(12.3, math.nan, math.nan, math.nan, 1), 1, "12.3 (1 seed)†"),
        (Estimate(34.0, 0.0, 34.0, 34.0, 3), 0, "34.0"),
        (None, 0, "—"),
    ],
    ids=["plain", "diverged", "negative", "one-seed", "one-diverged", "no-variance", "missing"],
)
def test_text_of_a_cell(ours: Estimate | None, diverged: int, text: str) -> None:
    assert Cell(ours, None, diverged).text() == text


def test_several_runs_without_an_interval_say_so() -> None:
    assert spell(Estimate(40.0, math.nan, math.nan, math.nan, 4)) == "40.0 (no interval)"
