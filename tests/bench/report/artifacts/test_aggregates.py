"""bench/report/artifacts/aggregates.py: the optimality gap by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from bench.report.artifacts.aggregates import make
from tests.helpers.evidence import FULL, MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures

__all__ = ["figures", "frame", "whole"]  # fixtures


def test_the_optimality_gap_is_that_of_runs_and_not_of_means(frame: Frame) -> None:
    # runs below 100 are 50, 0 and 90, 70 points short; the means 100 and 20 would be 0 and 80 short
    cells = {(REPLAY, "dt"): [50.0, 150.0], (MEDIUM, "dt"): [10.0, 30.0]}
    numbers = make(frame((cells, {})), "test").numbers.set_index("statistic")
    assert numbers.loc["Optimality gap", "value"] == pytest.approx(
        ((50 + 0) / 2 + (90 + 70) / 2) / 2
    )
    assert numbers.loc["Mean", "value"] == pytest.approx((100 + 20) / 2)


def test_aggregates_by_hand(frame: Frame) -> None:
    numbers = made("aggregates", frame((FULL, {}))).numbers.set_index(["method", "statistic"])
    assert numbers.loc[("dt", "Mean"), "value"] == pytest.approx(47)  # (67 + 47 + 27) / 3
    assert numbers.loc[("dt", "Median"), "value"] == pytest.approx(47)
    # of 25 27 29 45 47 49 65 67 69 two go at either end
    assert numbers.loc[("dt", "IQM"), "value"] == pytest.approx((29 + 45 + 47 + 49 + 65) / 5)
    assert numbers.loc[("dt", "Optimality gap"), "value"] == pytest.approx(53)
    assert (numbers["low"] < numbers["value"]).all()
    assert (numbers["high"] > numbers["value"]).all()


def test_equal_runs_of_an_untrained_policy_are_resampled_together(frame: Frame) -> None:
    """With half of the information the interval is wider by the root of two, or more."""
    cells = {(task, "dt"): [50.0, 60.0, 76.0, 90.0] for task in (REPLAY, MEDIUM)}
    rows = frame((cells, {}))

    def width(scores: pd.DataFrame) -> float:
        line = made("aggregates", scores).numbers.set_index("statistic").loc["Median"]
        return float(line["high"] - line["low"])

    assert width(rows.assign(step=0)) > 1.4 * width(rows)


def test_a_panel_for_each_statistic_shows_every_method(frame: Frame, figures: list[Any]) -> None:
    artifact = made("aggregates", frame((FULL, {})))
    assert artifact.headings == ["Method", "Mean", "Median", "IQM", "Optimality gap"]
    assert artifact.draw is not None
    artifact.draw([])
    panels = figures[0].axes
    assert [axes.get_title(loc="left") for axes in panels] == artifact.headings[1:]
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert labels == ["DT", "CQL", "BC", "10%BC", "40%BC"]
    assert panels[0].yaxis_inverted()  # DT on top
    # the mean of DT and its interval
    band, mark = panels[0].lines[:2]
    assert mark.get_xdata()[0] == pytest.approx(47)
    low, high = band.get_xdata()
    assert low < 47 < high
