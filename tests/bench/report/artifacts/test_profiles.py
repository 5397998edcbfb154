"""Performance profiles by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.evidence import FULL, MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures

__all__ = ["figures", "frame", "whole"]  # fixtures


def test_profiles_fall_from_one_to_nothing(frame: Frame) -> None:
    numbers = made("profiles", frame((FULL, {}))).numbers
    for _, part in numbers.groupby("method"):
        assert (np.diff(part["share"]) <= 0).all()
        assert part["share"].iloc[0] == 1
        assert part["share"].iloc[-1] == 0
    at_46 = numbers[(numbers["method"] == "dt") & (numbers["tau"] == 46)]["share"]
    assert at_46.item() == pytest.approx(5 / 9)  # 47 49 65 67 69


def test_the_table_by_hand(frame: Frame) -> None:
    artifact = made("profiles", frame(({(REPLAY, "dt"): [30.0], (MEDIUM, "dt"): [60.0]}, {})))
    assert artifact.headings == [
        "Method",
        *(f"above {tau}" for tau in (0, 25, 50, 75, 100)),
    ]
    assert artifact.body == [["DT", "1.00", "1.00", "0.50", "0.00", "0.00"]]


def test_the_figure_has_a_curve_for_each_method(frame: Frame, figures: list[Any]) -> None:
    artifact = made("profiles", frame((FULL, {})))
    assert artifact.draw is not None
    artifact.draw([])
    lines = {line.get_label(): line for line in figures[0].axes[0].lines}
    assert list(lines) == ["DT", "CQL", "BC", "10%BC", "40%BC"]
    assert lines["DT"].get_xdata().tolist() == list(range(111))
    assert lines["DT"].get_ydata()[46] == pytest.approx(5 / 9)
