"""bench/report/claims/sampled.py: a measure with the numbers of its runs."""

from __future__ import annotations

import pytest

from bench.report.claims.comparisons import difference
from bench.report.claims.measure import Measure
from bench.report.claims.sampled import Sampled, with_arms
from tests.helpers.evidence import EXPERT, FULL, MEDIUM, REPLAY, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_a_difference_knows_its_runs(frame: Frame) -> None:
    found = difference(frame((FULL, {})), "dt", "cql")
    assert isinstance(found, Sampled)
    assert set(found.arms) == {EXPERT, MEDIUM, REPLAY}
    ours, theirs = found.arms[MEDIUM]
    assert ours == pytest.approx([45, 47, 49])
    assert theirs == pytest.approx([40, 42, 44])


def test_the_numbers_of_the_measure_stay() -> None:
    measure = Measure(1.0, 0.0, 2.0, 2, 1, 3, "a note")
    found = with_arms(measure, ["a", "b"], [[1.0], [2.0]])
    assert (found.value, found.low, found.high, found.note) == (1.0, 0.0, 2.0, "a note")
    assert (found.cells, found.missing, found.diverged) == (2, 1, 3)
    assert found.arms == {"a": ([1.0],), "b": ([2.0],)}
    again = with_arms(found, ["c"], [[4.0]])
    assert again.arms == {"c": ([4.0],)}
