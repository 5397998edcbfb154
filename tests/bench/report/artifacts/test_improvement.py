"""The probability of improvement by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures

__all__ = ["figures", "frame", "whole"]  # fixtures


def test_improvement_by_hand(frame: Frame) -> None:
    numbers = made("improvement", frame((FULL, {}))).numbers.set_index("other")
    assert numbers.loc["bc", "probability"] == 1  # ten points ahead everywhere
    # against three points ahead of 5 7 9: 8 10 12; of nine pairs one is won (9 > 8)
    assert numbers.loc["bc10", "probability"] == pytest.approx(1 / 9)
    assert numbers.loc["bc10", "difference"] == pytest.approx(-3)


def test_ties_count_half(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [5.0, 9.0], (REPLAY, "bc"): [5.0, 9.0]}
    numbers = made("improvement", frame((cells, {}))).numbers
    # of four pairs one is won and two are ties
    assert numbers["probability"].tolist() == [0.5]
    assert 0 <= numbers["low"].item() <= 0.5 <= numbers["high"].item() <= 1


def test_the_first_method_is_compared_with_each_of_the_others(
    frame: Frame, figures: list[Any]
) -> None:
    artifact = made("improvement", frame((FULL, {})))
    pairs = [f"DT > {other}" for other in ("CQL", "BC", "10%BC", "40%BC")]
    assert [line[0] for line in artifact.body] == pairs
    assert artifact.title.startswith("Probability that a run of DT")
    assert artifact.draw is not None
    artifact.draw([])
    [axes] = figures[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == pairs
    assert axes.lines[-1].get_xdata() == [0.5, 0.5]
    assert axes.lines[3].get_xdata() == [artifact.numbers["probability"][1]]
