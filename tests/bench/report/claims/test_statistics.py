"""bench/report/claims/statistics.py: the statistics by name, and the measures of diagnostics."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import special

from bench.report.claims import statistics
from bench.report.claims.measure import NotRun
from bench.report.claims.registry import all_claims
from bench.report.claims.statistics import STATISTICS
from tests.helpers.evidence import FULL, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures


def test_every_argument_is_one_that_its_statistic_takes(frame: Frame) -> None:
    nothing = frame((FULL, {})).assign(method="none of them")
    for claim in all_claims():
        for check in claim.checks:
            with pytest.raises(NotRun):  # a TypeError would be a wrong argument
                STATISTICS[check.statistic](nothing, **check.arguments)


def diagnosed(values: dict[str, tuple[float, ...]], measure: str = "auc") -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "task": task,
                "method": "m",
                "seed": seed,
                "kind": "diagnostic",
                "measure": measure,
                "group": "door",
                "value": value,
                "reward": "dense",
                "data_percent": 100.0,
                "status": "done",
            }
            for task, numbers in values.items()
            for seed, value in enumerate(numbers)
        ]
    )


def test_what_a_diagnostic_measured_is_averaged_over_seeds_and_data_sets() -> None:
    scores = diagnosed({"a": (0.1, 0.2, 0.3), "b": (0.6, 0.6, 0.6)})
    found = statistics.measured(scores, "m", "auc", "door")
    assert found.value == pytest.approx(0.4)
    # standard errors 0.1 / sqrt(3) and 0: half of the first, with its two degrees of freedom; the logit has the
    # slope 1 / (0.4 * 0.6) there
    half = 4.302653 * 0.1 / math.sqrt(3) / 2 / 0.24
    ends = [special.expit(special.logit(0.4) + step) for step in (-half, half)]
    assert [found.low, found.high] == pytest.approx(ends)
    assert {task: one.mean for task, one in found.parts.items()} == pytest.approx(
        {"a": 0.2, "b": 0.6}
    )


def test_no_interval_of_a_diagnostic_leaves_its_bounds() -> None:
    numbers = {"a": (0.7, 0.98, 1.0), "b": (0.02, 0.9, 0.1)}
    found = statistics.measured(diagnosed(numbers), "m", "auc", "door")
    assert 0 < found.low < found.high < 1
    assert all(0 < part.low < part.high < 1 for part in found.parts.values())
    change = {"a": (-0.9, 0.2, 0.95)}
    found = statistics.measured(diagnosed(change, "change"), "m", "change", "door")
    assert -1 < found.low < 0 < found.high < 1


def test_what_was_not_measured_is_not_run() -> None:
    for method, measure, group in (("x", "auc", "door"), ("m", "mass", "door"), ("m", "auc", "k")):
        with pytest.raises(NotRun, match="no diagnostic of"):
            statistics.measured(diagnosed({"a": (1.0,)}), method, measure, group)
    with pytest.raises(NotRun):
        statistics.measured(diagnosed({"a": (math.nan,)}), "m", "auc", "door")
