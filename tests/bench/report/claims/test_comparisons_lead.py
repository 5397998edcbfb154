"""bench/report/claims/comparisons.py: the lead of the worst of some methods over the best of others."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from scipy import special

from bench.report.claims import comparisons, ledger
from bench.report.claims.measure import NotRun, at_once
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
        scored("key_to_door-1k", "dt", (50, 51, 52))
        + scored("key_to_door-1k", "bc-success", (80, 80, 80))
        + scored("key_to_door-1k", "cql", (9, 10, 11))
        + scored("key_to_door-1k", "uniform", (3, 3, 3))
        + scored("key_to_door-10k", "dt", (90, 91, 92))
        + scored("key_to_door-10k", "bc-success", (70, 71, 72))
        + scored("key_to_door-10k", "cql", (1, 1, 1))
        + scored("key_to_door-10k", "uniform", (2, 3, 4))
    )


def test_the_lead_is_that_of_the_worst_over_the_best_of_each_data_set() -> None:
    found = comparisons.lead(table(), ["dt", "bc-success"], ["cql", "uniform"])
    assert {task: one.mean for task, one in found.parts.items()} == {
        "key_to_door-1k": 41,
        "key_to_door-10k": 68,
    }
    assert (found.value, found.cells, found.missing) == (54.5, 2, 0)
    # two standard errors of 1 / sqrt(3) each: sqrt(2 / 3), four degrees of freedom, t = 2.7764; the logit between
    # -100 and 100 has the slope 200 / (141 * 59) there
    step = 2.776445 * math.sqrt(2 / 3) * 200 / (141 * 59)
    low = 200 * special.expit(special.logit(141 / 200) - step) - 100
    assert found.parts["key_to_door-1k"].low == pytest.approx(low, abs=1e-4)


def test_a_lead_on_every_data_set_is_applied_to_each() -> None:
    arguments = {"methods": ["dt", "bc-success"], "against": ["cql", "uniform"]}
    words = {}
    for bound in (30.0, 50.0, 70.0):
        check = Check("a lead", "s", "lead", arguments, ("above", (bound,)), every=True)
        words[bound] = ledger.find(check, {"s": with_simulator(table())}).result
    assert words == {30.0: "supported", 50.0: "not supported", 70.0: "not supported"}


def with_simulator(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(simulator="x", protocol="y", environment="bench/KeyToDoor-v0")


def test_a_lead_without_runs_of_a_method_is_not_run() -> None:
    with pytest.raises(NotRun, match="no data set with runs of dt and missing"):
        comparisons.lead(table(), ["dt"], ["missing"])


def test_a_lead_of_success_rates_is_never_above_100() -> None:
    scores = pd.DataFrame(
        scored("key_to_door-1k", "dt", (99, 100, 80)) + scored("key_to_door-1k", "cql", (0, 1, 2))
    )
    found = comparisons.lead(scores, ["dt"], ["cql"])
    assert found.value == pytest.approx(92)
    assert -100 < found.low < 92 < found.high < 100
    assert found.parts["key_to_door-1k"].high == pytest.approx(found.high)
    assert at_once(found.parts["key_to_door-1k"], 5).high < 100
