"""bench/report/artifacts/aggregates.py: the optimality gap by hand."""

from __future__ import annotations

import pytest

from bench.report.artifacts.aggregates import make
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_the_optimality_gap_is_that_of_runs_and_not_of_means(frame: Frame) -> None:
    # runs below 100 are 50, 0 and 90, 70 points short; the means 100 and 20 would be 0 and 80 short
    cells = {(REPLAY, "dt"): [50.0, 150.0], (MEDIUM, "dt"): [10.0, 30.0]}
    numbers = make(frame((cells, {})), "test").numbers.set_index("statistic")
    assert numbers.loc["Optimality gap", "value"] == pytest.approx(
        ((50 + 0) / 2 + (90 + 70) / 2) / 2
    )
    assert numbers.loc["Mean", "value"] == pytest.approx((100 + 20) / 2)
