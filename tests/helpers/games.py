"""Runs on Atari games whose numbers are known, for the pages and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import Artifact
from bench.report.scores import collect
from bench.runs import record
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.runs.plan import Plan, make_plan
from bench.tasks.registry import task_by_name, tasks_of
from tests.conftest import RECORD

ATARI = tasks_of("atari")

BREAKOUT, QBERT, PONG, SEAQUEST = ATARI
METHODS: dict[str, dict[str, Any]] = {
    "dt-atari": {"module": "dt", "label": "DT", "quoted": {"table": "Table 1", "method": "DT"}},
    "dt-atari-k1": {
        "base": "dt-atari",
        "label": "DT, K = 1",
        "quoted": {"table": "Table 5", "method": "DT (K=1)"},
    },
    "cql-atari": {
        "module": "cql_atari",
        "label": "CQL",
        "quoted": {"table": "Table 1", "method": "CQL"},
    },
    "bc-atari": {"module": "bc", "label": "BC", "quoted": {"table": "Table 1", "method": "BC"}},
    **{
        f"bc{share}-atari": {
            "module": "bc",
            "label": f"{share}%BC",
            "quoted": {"table": "Table 4", "method": f"{share}%BC"},
        }
        for share in (10, 25, 40)
    },
    "uniform": {
        "module": "uniform",
        "label": "Uniform",
        "quoted": {"table": "Table 6", "method": "Random"},
    },
}

Games = dict[tuple[str, str], list[float]]  # task and method -> the game's own score of each seed
Played = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def arcade() -> Plan:
    axes = {"tasks": list(ATARI), "methods": list(METHODS), "rewards": ["dense"]}
    suite = axes | {"data_percents": [100], "seeds": [0], "baselines": False}
    config = {"name": "test", "suites": {"atari": suite}, "training": {"steps": 9}}
    return make_plan(config | {"methods": METHODS})


@pytest.fixture
def played(tmp_path: Path, arcade: Plan) -> Played:
    """Collect scores of runs that scored so much, one game each."""

    def make(games: Games, *, data_percent: float = 100.0, **protocol: Any) -> pd.DataFrame:
        paths = []
        for (task, method), scores in games.items():
            for seed, score in enumerate(scores):
                evaluation = RECORD["evaluations"][0] | {"returns": [score], "lengths": [9]}
                identity = Identity("test", task, "dense", data_percent, method, seed)
                fields = record_of(task, evaluations=[evaluation], **protocol)
                record.write(tmp_path / identity.folder(), identity, **fields)
                paths.append(tmp_path / identity.folder() / RESULT)
        return collect(paths, arcade)

    return make


def record_of(task: str, evaluations: list[dict[str, Any]], **protocol: Any) -> dict[str, Any]:
    """Return the fields of a record of a game."""
    own = {"environment": task_by_name(task).domain.environment, "episodes": 1} | protocol
    return RECORD | {
        "protocol": RECORD["protocol"] | own,
        "evaluations": evaluations,
        "versions": {"gymnasium": "1.0.0", "ale-py": "0.10.2"},
    }


def sweep(folder: Path, task: str, seed: int, points: dict[float, float], **protocol: Any) -> Path:
    """Write the sweep of a run: target -> the game's score."""
    evaluations = [
        {"step": 20, "target": target, "final": False, "returns": [score], "lengths": [9]}
        for target, score in points.items()
    ]
    identity = Identity("test", task, "dense", 100.0, "dt-atari", seed)
    fields = record_of(task, evaluations, target=None, **protocol)
    record.write(folder / identity.folder(), identity, SWEEP, **fields)
    return folder / identity.folder() / SWEEP


# gamer-normalised: 75, 50 and 25 of Breakout's 28 points; of Pong's 36: 100 and 50
SMALL: Games = {
    (BREAKOUT, "dt-atari"): [22.0, 23.0, 24.0],
    (BREAKOUT, "cql-atari"): [16.0, 16.0, 16.0],
    (BREAKOUT, "bc-atari"): [8.0, 9.0, 10.0],
    (PONG, "dt-atari"): [14.0, 15.0, 16.0],
    (PONG, "cql-atari"): [-3.0, -3.0, -3.0],
    (PONG, "bc-atari"): [-22.0, -21.0, -20.0],
}
FULL: Games = {
    (task, method): [low + gain, low + gain + 1, low + gain + 2]
    for task, low in ((SEAQUEST, 68), (PONG, -21), (QBERT, 164), (BREAKOUT, 2))
    for method, gain in (
        ("dt-atari", 9),
        ("cql-atari", 7),
        ("bc-atari", 5),
        ("bc10-atari", 3),
        ("bc25-atari", 12),
        ("bc40-atari", 4),
        ("uniform", -1),
    )
}


def cells(artifact: Artifact, game: str) -> dict[str, str]:
    [line] = [line for line in artifact.body if line[1] == game]
    return dict(zip(artifact.headings, line, strict=True))
