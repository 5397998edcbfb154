"""Scores whose numbers are known, for the pages and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import Artifact
from bench.report.scores import collect
from bench.runs.identity import SWEEP, Identity
from bench.runs.plan import Plan, make_plan
from bench.runs.record import write as write_record
from bench.runs.sweep import grid
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD, write_scores

REPLAY, MEDIUM, EXPERT = "hopper-medium-replay", "hopper-medium", "hopper-medium-expert"
METHODS: dict[str, dict[str, Any]] = {
    "dt": {"module": "dt", "label": "DT", "quoted": {"table": "Table 2", "method": "DT"}},
    "dt-k1": {"base": "dt", "label": "DT, K = 1"},
    "dt-k20": {"base": "dt", "label": "DT, K = 20"},
    "cql": {"module": "cql", "label": "CQL", "quoted": {"table": "Table 2", "method": "CQL"}},
    "bc": {"module": "bc", "label": "BC", "quoted": {"table": "Table 2", "method": "BC"}},
    "bc10": {
        "module": "percent_bc",
        "label": "10%BC",
        "quoted": {"table": "Table 3", "method": "10%BC"},
    },
    "bc40": {"base": "bc10", "label": "40%BC", "quoted": {"table": "Table 3", "method": "40%BC"}},
}


@pytest.fixture(scope="module")
def whole() -> Plan:
    axes = {
        "tasks": [REPLAY],
        "methods": list(METHODS),
        "rewards": ["dense"],
        "data_percents": [100],
    }
    return make_plan(
        {
            "name": "test",
            "suites": {"mujoco": axes | {"seeds": [0], "baselines": False}},
            "training": {"steps": 9},
            "methods": METHODS,
        }
    )


Frame = Callable[..., pd.DataFrame]


@pytest.fixture
def frame(tmp_path: Path, whole: Plan) -> Frame:
    """Collect the scores of several groups of records: cells, and what is special of them."""

    def make(*groups: tuple[dict[tuple[str, str], list[float]], dict[str, Any]]) -> pd.DataFrame:
        paths = [
            path for cells, special in groups for path in write_scores(tmp_path, cells, **special)
        ]
        return collect(paths, whole)

    return make


def sweep(folder: Path, task: str, seed: int, achieved: Callable[[float], float]) -> Path:
    """Write the sweep of a run whose normalised score is a function of the normalised target."""
    domain = task_by_name(task).domain
    low, high = (
        domain.reference_min + x * (domain.reference_max - domain.reference_min) for x in (0, 0.9)
    )
    evaluations = []
    for target in grid(task_by_name(task), low, high, None):
        share = achieved(domain.normalised(target)) / 100
        earned = domain.reference_min + share * (domain.reference_max - domain.reference_min)
        evaluations.append(
            {"step": 20, "target": target, "final": False, "returns": [earned], "lengths": [9]}
        )
    identity = Identity("test", task, "dense", 100.0, "dt", seed)
    protocol = RECORD["protocol"] | {
        "target": None,
        "episodes": 1,
        "data_returns": {"minimum": low, "maximum": high},
    }
    fields = RECORD | {"protocol": protocol, "evaluations": evaluations}
    write_record(folder / identity.folder(), identity, SWEEP, **fields)
    return folder / identity.folder() / SWEEP


@pytest.fixture
def swept(tmp_path: Path, whole: Plan) -> Callable[[Callable[[float], float]], pd.DataFrame]:
    def make(achieved: Callable[[float], float]) -> pd.DataFrame:
        paths = [
            sweep(tmp_path, REPLAY, seed, lambda x, s=seed: achieved(x) + s - 1)  # type: ignore[misc]
            for seed in range(3)
        ]
        return collect(paths, whole)

    return make


FULL = {
    (task, method): [base + gain, base + gain + 2, base + gain + 4]
    for task, base in ((EXPERT, 60.0), (MEDIUM, 40.0), (REPLAY, 20.0))
    for method, gain in (("dt", 5.0), ("cql", 0.0), ("bc", -5.0), ("bc10", 8.0), ("bc40", 2.0))
}


def made(name: str, scores: pd.DataFrame) -> Artifact:
    artifact: Artifact = import_module(f"bench.report.artifacts.{name}").make(scores, "test")
    return artifact
