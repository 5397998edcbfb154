"""Table 3, percent BC."""

from __future__ import annotations

import math

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
