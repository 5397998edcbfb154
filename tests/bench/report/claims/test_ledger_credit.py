"""The statistics of the claims about Key-to-Door, the critic and graphs."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from bench.report.claims import ledger, measures
from bench.report.claims.registry import Check

SEEDS = (0, 1, 2)


def scored(task: str, method: str, scores: tuple[float, ...]) -> list[dict[str, object]]:
    return [
        {
            "task": task,
            "method": method,
            "seed": seed,
            "score": score,
            "reward": "dense",
            "data_percent": 100.0,
            "status": "done",
            "final": True,
            "kind": "score",
        }
        for seed, score in zip(SEEDS, scores, strict=True)
    ]


def table() -> pd.DataFrame:
    return pd.DataFrame(
        scored("1k", "dt", (50, 51, 52))
        + scored("1k", "bc-success", (80, 80, 80))
        + scored("1k", "cql", (9, 10, 11))
        + scored("1k", "uniform", (3, 3, 3))
        + scored("10k", "dt", (90, 91, 92))
        + scored("10k", "bc-success", (70, 71, 72))
        + scored("10k", "cql", (1, 1, 1))
        + scored("10k", "uniform", (2, 3, 4))
    )


def test_the_lead_is_that_of_the_worst_over_the_best_of_each_data_set() -> None:
    found = measures.lead(table(), ["dt", "bc-success"], ["cql", "uniform"])
    assert {task: one.mean for task, one in found.parts.items()} == {"1k": 41, "10k": 68}
    assert (found.value, found.cells, found.missing) == (54.5, 2, 0)
    # two standard errors of 1 / sqrt(3) each: sqrt(2 / 3), four degrees of freedom, t = 2.7764
    assert found.parts["1k"].low == pytest.approx(41 - 2.776445 * math.sqrt(2 / 3), abs=1e-4)


def test_a_lead_on_every_data_set_is_judged_on_each() -> None:
    arguments = {"methods": ["dt", "bc-success"], "against": ["cql", "uniform"]}
    words = {}
    for bound in (30.0, 50.0, 70.0):
        check = Check("a lead", "s", "lead", arguments, ("above", (bound,)), every=True)
        words[bound] = ledger.find(check, {"s": with_simulator(table())}).word
    assert words == {30.0: "supported", 50.0: "not supported", 70.0: "not supported"}


def with_simulator(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(simulator="x", protocol="y", environment="bench/KeyToDoor-v0")


def test_a_lead_without_runs_of_a_method_is_not_run() -> None:
    with pytest.raises(measures.NotRun, match="no data set with runs of dt and missing"):
        measures.lead(table(), ["dt"], ["missing"])


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


def test_what_a_probe_measured_is_averaged_over_seeds_and_data_sets() -> None:
    scores = diagnosed({"a": (0.1, 0.2, 0.3), "b": (0.6, 0.6, 0.6)})
    found = measures.measured(scores, "m", "auc", "door")
    assert found.value == pytest.approx(0.4)
    # standard errors 0.1 / sqrt(3) and 0: half of the first, with its two degrees of freedom
    half = 4.302653 * 0.1 / math.sqrt(3) / 2
    assert (found.low, found.high) == (pytest.approx(0.4 - half), pytest.approx(0.4 + half))
    assert {task: one.mean for task, one in found.parts.items()} == pytest.approx(
        {"a": 0.2, "b": 0.6}
    )


def test_what_was_not_measured_is_not_run() -> None:
    for method, measure, group in (("x", "auc", "door"), ("m", "mass", "door"), ("m", "auc", "k")):
        with pytest.raises(measures.NotRun, match="no probe of"):
            measures.measured(diagnosed({"a": (1.0,)}), method, measure, group)
    with pytest.raises(measures.NotRun):
        measures.measured(diagnosed({"a": (math.nan,)}), "m", "auc", "door")
