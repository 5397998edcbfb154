"""Variants of a method side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.report.cells import AVERAGE
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import drawn

__all__ = ["drawn", "frame", "whole"]  # fixtures

CELLS = {
    (MEDIUM, "dt"): [30.0, 32.0],
    (MEDIUM, "dt-k1"): [10.0, 12.0],
    (REPLAY, "dt"): [50.0, 52.0],
    (REPLAY, "dt-k1"): [20.0, 22.0],
}


def test_each_variant_has_a_column_and_an_average(frame: Frame) -> None:
    artifact = made("variants", frame((CELLS, {})))
    assert artifact.title.startswith("Variants")
    assert [heading for heading in artifact.headings if "paper" not in heading] == [
        "Data",
        "Environment",
        "DT",
        "DT, K = 1",
    ]
    means = artifact.numbers.set_index(["data", "method"])["mean"]
    assert means["Medium", "dt"] == pytest.approx(31)
    assert means["Medium-Replay", "dt-k1"] == pytest.approx(21)
    assert means[AVERAGE, "dt"] == pytest.approx((31 + 51) / 2)
    assert means[AVERAGE, "dt-k1"] == pytest.approx((11 + 21) / 2)


def test_the_figure_has_a_bar_for_each_variant(
    frame: Frame, tmp_path: Path, drawn: list[Any]
) -> None:
    artifact = made("variants", frame((CELLS, {}), (CELLS, {"reward": "sparse"})))
    assert artifact.draw is not None
    artifact.draw([tmp_path / "a.svg"])
    heights = [
        [group[0].get_height() for group in axes.containers if len(group) == 1]
        for axes in drawn[0].axes
    ]
    assert heights == [pytest.approx([31, 11]), pytest.approx([51, 21])]


def test_a_suite_without_dense_rewards_is_refused(frame: Frame) -> None:
    with pytest.raises(ValueError, match="no score with dense reward and 100 % of the data"):
        made("variants", frame((CELLS, {"reward": "sparse"})))
