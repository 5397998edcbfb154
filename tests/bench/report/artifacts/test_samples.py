"""The scores that aggregates, profiles and improvement are about."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.report.artifacts.samples import random, spell, trained
from tests.helpers.evidence import FULL, MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.tables import Scored

__all__ = ["frame", "whole"]  # fixtures


def test_aggregates_leave_out_a_task_that_a_method_lacks_and_say_which(frame: Frame) -> None:
    holed = {key: value for key, value in FULL.items() if key != (REPLAY, "cql")}
    artifact = made("aggregates", frame((holed, {})))
    assert any(f"no run there: {REPLAY}" in note for note in artifact.notes)
    mean = artifact.numbers.set_index(["method", "statistic"]).loc[("dt", "Mean"), "value"]
    assert mean == pytest.approx(57)


def test_methods_that_are_not_rolled_out_are_no_part(scored: Scored) -> None:
    cells = {("hopper-medium", "dt"): [1.0, 2.0], ("hopper-medium", "bc"): [3.0]}
    data = scored({("hopper-medium", "behaviour"): [9.0]}, rolled_out=False)
    labels, groups, notes = trained(pd.concat([scored(cells), data], ignore_index=True))
    assert labels == {"dt": "DT", "bc": "BC"}
    assert groups["dt"] == [pytest.approx([1, 2])]
    assert groups["bc"] == [pytest.approx([3])]
    assert notes == ["1 data sets. Every run has the same weight, also a diverged one."]


def test_groups_are_of_the_tasks_of_all_methods(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [1.0], (MEDIUM, "dt"): [2.0], (MEDIUM, "bc"): [3.0]}
    _, groups, notes = trained(frame((cells, {})))
    assert groups == {"dt": [[pytest.approx(2)]], "bc": [[pytest.approx(3)]]}
    assert notes[1] == f"Left out, because a method has no run there: {REPLAY}."


def test_methods_without_a_common_task_are_refused(frame: Frame) -> None:
    cells = {(REPLAY, "dt"): [1.0], (MEDIUM, "bc"): [3.0]}
    with pytest.raises(
        ValueError, match=r"no task has runs of every method .*nothing to aggregate"
    ):
        trained(frame((cells, {})))


def test_the_generator_depends_on_every_name() -> None:
    first = random("aggregates", "IQM", "dt").random()
    assert random("aggregates", "IQM", "dt").random() == first
    for names in (("profiles", "IQM", "dt"), ("aggregates", "IQM", "bc"), ("aggregates", "IQM")):
        assert random(*names).random() != first


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((47.25, 40.04, 54.46), "47.2 [40.0, 54.5]"),
        ((0.125, 0.001, 0.999, 2), "0.12 [0.00, 1.00]"),
        ((47.25, math.nan, math.nan), "47.2"),
    ],
    ids=["one-digit", "two-digits", "no-interval"],
)
def test_spelling(numbers: tuple[float, ...], text: str) -> None:
    assert spell(*numbers) == text
