"""The scores that aggregates, profiles and improvement are about."""

from __future__ import annotations

import pytest

from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_aggregates_leave_out_a_task_that_a_method_lacks_and_say_which(frame: Frame) -> None:
    holed = {key: value for key, value in FULL.items() if key != (REPLAY, "cql")}
    artifact = made("aggregates", frame((holed, {})))
    assert any(f"no run there: {REPLAY}" in note for note in artifact.notes)
    mean = artifact.numbers.set_index(["method", "statistic"]).loc[("dt", "Mean"), "value"]
    assert mean == pytest.approx(57)
