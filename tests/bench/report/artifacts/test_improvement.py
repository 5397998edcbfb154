"""The probability of improvement by hand."""

from __future__ import annotations

import pytest

from tests.helpers.evidence import FULL, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_improvement_by_hand(frame: Frame) -> None:
    numbers = made("improvement", frame((FULL, {}))).numbers.set_index("other")
    assert numbers.loc["bc", "probability"] == 1  # ten points ahead everywhere
    # against three points ahead of 5 7 9: 8 10 12; of nine pairs one is won (9 > 8)
    assert numbers.loc["bc10", "probability"] == pytest.approx(1 / 9)
    assert numbers.loc["bc10", "difference"] == pytest.approx(-3)
