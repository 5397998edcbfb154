"""The results of other implementations beside ours."""

from __future__ import annotations

import pytest

from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_peers_quote_and_never_rank_the_best(frame: Frame) -> None:
    numbers = made("peers", frame((FULL, {}))).numbers
    ours = numbers[numbers["source"] == "this suite"].set_index(["method", "task"])
    assert ours.loc[("10%BC", REPLAY), "mean"] == pytest.approx(30)
    corl = numbers[(numbers["source"] == "CORL") & (numbers["task"] == REPLAY)]
    last = corl[(corl["method"] == "CQL") & (corl["rule"] == "last")]
    assert (last["mean"].item(), last["std"].item()) == (95.11, 5.27)
    assert not numbers[numbers["rule"].str.startswith("best")]["ranked"].any()
