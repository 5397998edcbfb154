"""What one run will cost, computed from measured steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

from bench.report.step_costs import Measured
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.runs.sweep import grid
from bench.tasks.registry import task_by_name


@dataclass(frozen=True)
class Cost:
    """Core-seconds."""

    training: float = 0.0
    evaluation: float = 0.0
    curve: float = 0.0
    sweep: float = 0.0
    start: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return math.fsum(getattr(self, one.name) for one in fields(self))


def settings_on(config: dict[str, Any], task: str) -> dict[str, Any]:
    """Return the settings of the evaluation on a task; a domain can have its own."""
    own = config["evaluation"].get("domains", {}).get(task.partition("-")[0], {})
    settings: dict[str, Any] = {"max_steps": None} | config["evaluation"] | own
    return settings


def cost_of(run: Identity, plan: Plan, config: dict[str, Any], known: Measured) -> Cost:
    """Return what a run will cost, with a sweep over target returns.

    Args:
        run: the run.
        plan: its plan.
        config: the merged config.
        known: the measured costs of its method.
    """
    task, settings = task_by_name(run.task), settings_on(config, run.task)
    updates = plan.variants[run.method].steps_on(run.task)
    longest = min(task.domain.horizon, settings["max_steps"] or math.inf)
    length = min(known.lengths.get(run.task, longest), longest) * known.step
    points = settings["curve_episodes"] * len(
        {round(share * updates) for share in config["training"]["curve"]} - {0}
        if run in plan.curved
        else ()
    )
    low, high = task.domain.reference_min, task.domain.reference_max
    targets = len(grid(task, low, high, settings["sweep_points"]))
    return Cost(
        training=updates * known.update,
        evaluation=settings["episodes"] * length,
        curve=points * length * (updates > 0),
        sweep=targets * settings["sweep_episodes"] * length,
        start=0.0 if math.isnan(known.start) else known.start,
    )
