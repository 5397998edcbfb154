"""Scores over the fraction of the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.artifact import write_artifact
from tests.helpers.evidence import REPLAY, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_fractions_have_a_row_for_each_share_and_no_average(frame: Frame, tmp_path: Path) -> None:
    shares = [({(REPLAY, "dt"): [p, p + 2.0]}, {"data_percent": p}) for p in (100.0, 1.0, 10.0)]
    artifact = made("fractions", frame(*shares))
    assert [row[0] for row in artifact.body] == [f"Medium-Replay, {p} %" for p in (1, 10, 100)]
    assert artifact.numbers["mean"].tolist() == pytest.approx([2, 11, 101])
    assert artifact.foot == 0
    # the paper's number is of all of the data
    assert artifact.numbers["paper_mean"].isna().tolist() == [True, True, False]
    write_artifact(artifact, [tmp_path / "fractions.svg"])
