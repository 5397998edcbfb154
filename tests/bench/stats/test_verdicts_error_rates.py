"""How often a table holds a wrong verdict, by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from bench.stats.verdicts import compare, verdicts_of


@pytest.mark.slow
@pytest.mark.parametrize(
    ("gap", "family"), [(0.0, "different"), (5.0, "equivalent")], ids=["same", "at the margin"]
)
def test_a_wrong_verdict_in_a_table_is_as_rare_as_said(gap: float, family: str) -> None:
    # twelve cells in which every test's hypothesis holds
    source = np.random.default_rng(2)
    repeats = 300
    wrong = uncorrected = 0
    for _ in range(repeats):
        cells = []
        for std in np.linspace(0.5, 4, 12):
            theirs = source.normal(50, std, 3)
            ours = source.normal(50 + gap, std, 5).tolist()
            cells.append(compare(ours, float(theirs.mean()), float(theirs.std(ddof=1))))
        wrong += any(getattr(verdict, family) <= 0.05 for verdict in verdicts_of(cells))
        uncorrected += any(getattr(cell, family) <= 0.05 for cell in cells)
    assert wrong / repeats < 0.08
    assert uncorrected / repeats > 0.3
