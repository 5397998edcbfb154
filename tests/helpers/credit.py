"""Runs on Key-to-Door whose numbers are known, for the artifacts of credit assignment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.scores import collect
from bench.runs import record
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT, Identity
from bench.runs.plan import Plan, make_plan
from tests.conftest import RECORD

ONE, TEN = "key_to_door-1k", "key_to_door-10k"
METHODS: dict[str, dict[str, Any]] = {
    name: {"module": module, "label": label, "quoted": {"table": "Table 6", "method": label}}
    for name, module, label in (
        ("dt", "dt", "DT"),
        ("cql", "cql", "CQL"),
        ("bc", "bc", "BC"),
        ("success", "percent_bc", "%BC"),
        ("uniform", "uniform", "Random"),
    )
}
METHODS |= {"critic": {"module": "dt", "label": "DT, critic"}}
PROTOCOL = RECORD["protocol"] | {"environment": "bench/KeyToDoor-v0", "num_envs": 100}

Counts = dict[tuple[str, str], list[int]]  # task and method -> successes of each seed
Rates = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def credit() -> Plan:
    axes = {"tasks": [ONE, TEN], "methods": list(METHODS), "rewards": ["dense"]}
    suite = axes | {"data_percents": [100], "seeds": [0], "baselines": False}
    config = {"name": "test", "suites": {"credit": suite}, "training": {"steps": 9}}
    return make_plan(config | {"methods": METHODS})


@pytest.fixture
def rates(tmp_path: Path, credit: Plan) -> Rates:
    """Collect scores of runs that succeeded in so many episodes each."""

    def make(
        counts: Counts, episodes: int = 1000, diverged: tuple[str, ...] = (), **axes: Any
    ) -> pd.DataFrame:
        paths = []
        for (task, method), successes in counts.items():
            for seed, wins in enumerate(successes):
                returns = [1.0] * wins + [0.0] * (episodes - wins)
                lengths = [120] * episodes
                evaluation = {"step": 20, "target": 1.0, "final": True}
                fields = RECORD | {
                    "protocol": PROTOCOL | {"episodes": episodes, "target": 1.0},
                    "evaluations": [evaluation | {"returns": returns, "lengths": lengths}],
                    "status": "diverged" if method in diverged else "done",
                    "diverged_at": 7 if method in diverged else None,
                }
                where = {"reward": "dense", "data_percent": 100.0} | axes
                identity = Identity("test", task=task, method=method, seed=seed, **where)
                record.write(tmp_path / identity.folder(), identity, **fields)
                paths.append(tmp_path / identity.folder() / RESULT)
        return collect(paths, credit)

    return make


def measure(name: str, group: str, value: float, **more: float) -> dict[str, Any]:
    return {"measure": name, "group": group, "x": None, "y": None, "spread": None} | {
        "value": value,
        **more,
    }


def write_diagnostic(
    folder: Path, measures: list[dict[str, Any]], seed: int, task: str = TEN, episodes: int = 500
) -> Path:
    """Write the diagnostic of a critic below a folder."""
    identity = Identity("test", task, "dense", 100.0, "critic", seed)
    fields = RECORD | {
        "protocol": PROTOCOL | {"episodes": episodes, "num_envs": episodes, "target": None},
        "evaluations": [],
        "measures": measures,
    }
    record.write(folder / identity.folder(), identity, DIAGNOSTICS["critic"].record, **fields)
    return folder / identity.folder() / DIAGNOSTICS["critic"].record


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect the figures that artifacts would write, instead of writing them."""
    found: list[Any] = []
    monkeypatch.setattr("bench.report.style.save", lambda figure, files: found.append(figure))
    return found
