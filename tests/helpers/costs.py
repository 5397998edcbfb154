"""Records with times, for the computed cost of a config."""

from __future__ import annotations

import math
from typing import Any

from bench.report.step_costs import Record, costly

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
