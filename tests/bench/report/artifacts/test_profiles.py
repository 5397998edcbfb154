"""Performance profiles by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.evidence import FULL, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_profiles_fall_from_one_to_nothing(frame: Frame) -> None:
    numbers = made("profiles", frame((FULL, {}))).numbers
    for _, part in numbers.groupby("method"):
        assert (np.diff(part["share"]) <= 0).all()
        assert part["share"].iloc[0] == 1
        assert part["share"].iloc[-1] == 0
    at_46 = numbers[(numbers["method"] == "dt") & (numbers["tau"] == 46)]["share"]
    assert at_46.item() == pytest.approx(5 / 9)  # 47 49 65 67 69
