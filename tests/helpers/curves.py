"""Scores with points before the end, for the artifact `score_cost`."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from bench.tasks.registry import task_by_name

MEDIUM, REPLAY, REACHER = "hopper-medium", "hopper-medium-replay", "reacher2d-medium"
# method -> label, core-seconds and scores of each point of seed 0; seed 1 has 2 points more
CURVES: dict[str, tuple[str, list[float], list[float]]] = {
    "dt": ("DT", [1.0, 10.0, 100.0], [10.0, 30.0, 60.0]),
    "bc": ("BC", [0.1, 1.0, 10.0], [20.0, 20.0, 36.0]),
}


def run(method: str, task: str = MEDIUM, seed: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """Return the rows of one run, one for each point."""
    label, seconds, scores = CURVES[method]
    count = len(seconds)
    about = {
        "task": task,
        "reward": "dense",
        "data_percent": 100.0,
        "method": method,
        "label": label,
        "position": list(CURVES).index(method),
        "seed": seed,
        "status": "done",
        "rolled_out": True,
        "device": "cpu",
        "environment": task_by_name(task).domain.environment,
        "shared_error": math.nan,
        "timing": "measured",
    }
    return [
        about
        | {"kind": "score" if final else "curve", "final": final, "step": 10 * (place + 1)}
        | {"core_seconds": seconds[place], "score": scores[place] + 2 * seed}
        | {"episodes": 20 if final else 10}
        | changes
        for place in range(count)
        for final in [place == count - 1]
    ]


def level(method: str = "behaviour", task: str = MEDIUM, score: float = 41.0) -> dict[str, Any]:
    """Return the row of a run that trains nothing: of the data, or of random actions."""
    row = run("dt", task)[-1]
    return row | {
        "method": method,
        "label": method.capitalize(),
        "position": 9,
        "rolled_out": method != "behaviour",
        "step": 0,
        "core_seconds": 0.0,
        "score": score,
    }


def frame(*parts: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame([row for part in parts for row in part])


def usual(task: str = MEDIUM, shift: float = 0.0) -> list[dict[str, Any]]:
    """Return two seeds of both methods, and the behaviour, on a data set."""
    rows = [row for method in CURVES for seed in (0, 1) for row in run(method, task, seed)]
    rows.append(level(task=task))
    return [row | {"score": row["score"] + shift} for row in rows]


def untimed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a run whose `run.json` is missing."""
    return [row | {"core_seconds": math.nan, "timing": ""} for row in rows]
