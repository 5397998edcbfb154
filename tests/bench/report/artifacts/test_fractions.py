"""Scores over the fraction of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.report.artifact import write_artifact
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures

__all__ = ["figures", "frame", "whole"]  # fixtures


def test_fractions_have_a_row_for_each_share_and_no_average(frame: Frame, tmp_path: Path) -> None:
    shares = [({(REPLAY, "dt"): [p, p + 2.0]}, {"data_percent": p}) for p in (100.0, 1.0, 10.0)]
    artifact = made("fractions", frame(*shares))
    assert [row[0] for row in artifact.body] == [f"Medium-Replay, {p} %" for p in (1, 10, 100)]
    assert artifact.numbers["mean"].tolist() == pytest.approx([2, 11, 101])
    assert artifact.foot == 0
    # the paper's number is of all of the data
    assert artifact.numbers["paper_mean"].isna().tolist() == [True, True, False]
    write_artifact(artifact, [tmp_path / "fractions.svg"])


def test_sparse_rewards_are_no_part_of_it(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [1.0]}
    sparse = (cells, {"reward": "sparse"})
    with pytest.raises(ValueError, match="no score with dense reward"):
        made("fractions", frame(sparse))
    assert len(made("fractions", frame((cells, {"data_percent": 10.0}), sparse)).body) == 1


def test_a_panel_for_each_data_set_has_a_line_for_each_method(
    frame: Frame, figures: list[Any]
) -> None:
    cells = {(REPLAY, "dt"): [3.0, 5.0], (REPLAY, "bc"): [1.0, 1.0], (MEDIUM, "dt"): [7.0, 7.0]}
    artifact = made("fractions", frame(*((cells, {"data_percent": p}) for p in (100.0, 10.0))))
    assert artifact.draw is not None
    artifact.draw([])
    replay, medium = figures[0].axes
    assert [axes.get_title(loc="left") for axes in (replay, medium)] == [
        "Hopper Medium-Replay",
        "Hopper Medium",
    ]
    assert [line.get_label() for line in replay.lines] == ["DT", "BC"]
    assert np.mean([line.get_xdata() for line in replay.lines], axis=0) == pytest.approx(
        [10, 100], rel=0.01
    )
    assert len({tuple(line.get_xdata()) for line in replay.lines}) == 2  # whiskers side by side
    whisker = replay.collections[0].get_segments()[0]
    # two runs with the mean 4 and a standard error of 1: Student's t with one degree of freedom
    assert whisker[:, 1] == pytest.approx([4 - 12.7062, 4 + 12.7062], abs=1e-3)
    assert replay.lines[0].get_ydata().tolist() == pytest.approx([4, 4])
    assert medium.get_xscale() == "log"
    assert [label.get_text() for label in medium.get_xticklabels()] == ["10 %", "100 %"]
