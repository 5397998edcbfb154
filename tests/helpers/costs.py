"""Records with times, for the computed cost of a config."""

from __future__ import annotations

import math
from typing import Any

from bench.report.step_costs import Record, costly
from bench.runs.identity import Identity

TASKS = ["hopper-medium", "hopper-medium-replay"]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)
SETTINGS = {"width": 32, "batch_size": 64, "learning_rate": 1e-3}


def record(
    *,
    task: str = "hopper-medium",
    module: str = "bc",
    scale: str = "quick",
    settings: dict[str, Any] | None = None,
    updates: int = 100,
    training: float = 5.0,
    lengths: tuple[int, ...] = (100, 300),
    evaluation: float = 2.0,
    start: float = 1.5,
    rolled_out: bool = True,
    diverged_at: int | None = None,
) -> Record:
    """Return a record: 0.05 s an update, 0.005 s a step of an environment, 3 s of start, 200 steps an episode."""
    parts = {"training": training, "evaluation": evaluation}
    clock = {
        part: {"cpu_seconds": spent} | ({} if math.isnan(start) else {"start_seconds": start})
        for part, spent in parts.items()
    }
    result = {
        "training": {"steps": updates},
        "diverged_at": diverged_at,
        "protocol": {"rolled_out": rolled_out},
        "evaluations": [{"lengths": list(lengths)}],
    }
    own = costly(SETTINGS if settings is None else settings)
    return Record(scale, task, module, own, result, clock, f"records of {scale}")


def config(**suites: dict[str, Any]) -> dict[str, Any]:
    """Return a config of two data sets and two seeds, with these suites."""
    axes = {
        "tasks": TASKS,
        "methods": ["bc"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
        "baselines": False,
    }
    return {
        "name": "test",
        "device": "cpu",
        "suites": {name: axes | own for name, own in suites.items()},
        "training": {"steps": 1000, "curve": [0.1, 0.5]},
        "evaluation": {
            "episodes": 20,
            "num_envs": 20,
            "curve_episodes": 10,
            "sweep_episodes": 5,
            "sweep_points": 2,
            "domains": {},
        },
        "methods": {"bc": {"module": "bc"}, "bc10": {"module": "percent_bc"}},
    }
