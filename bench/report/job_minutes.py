"""How long a cluster is asked to give each job, computed from measured costs."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.report.cost_plan import costs_of
from bench.report.run_cost import Cost, cost_of
from bench.report.step_costs import Measured, Record, read_records, sums
from bench.runs.identity import Identity
from bench.runs.plan import Plan

# a core of a cluster may be slower than the one that was measured, or shared
MARGIN = 3
START_MINUTES = 2  # imports from a shared file system, and the data
UNKNOWN_MINUTES = 4 * 60  # of a module that never ran
RULES = ("train", "evaluate", "sweep")


def job_minutes(
    plan: Plan, config: dict[str, Any], results: Path
) -> dict[Identity, dict[str, int]]:
    """Return the minutes to ask for, for each run and each of RULES.

    They are three times the computed core-seconds, which come from the packed records and from those below
    `results`, and two minutes more. For settings that were not measured, the slowest record of the module counts. A job
    that needs longer is stopped by the cluster; the next attempt asks for more and continues from its checkpoint.
    Damaged records below `results` are left out, with a line on standard error: they may be of another scale, or
    about to be made again.

    Args:
        plan: of the config.
        config: the merged config.
        results: the folder `results`.

    Raises:
        DamagedFile: the packed records are damaged.
    """
    damaged: list[str] = []
    records = read_records(results, damaged)
    for line in damaged:
        print(f"not used to compute the minutes of jobs: {line}", file=sys.stderr)
    costs, _, _ = costs_of(plan, config, records, list(plan.all_runs()))
    slowest: dict[str, Measured | None] = {}
    minutes = {}
    for run in plan.all_runs():
        module = plan.variants[run.method].module
        if run in costs:
            minutes[run] = _minutes(costs[run])
            continue
        if module not in slowest:
            slowest[module] = _slowest(records, module)
        known = slowest[module]
        minutes[run] = (
            unknown_minutes() if known is None else _minutes(cost_of(run, plan, config, known))
        )
    return minutes


def unknown_minutes() -> dict[str, int]:
    """Return the minutes of a run of which nothing is known: its module never ran, or it is in no suite, such as
    another seed that was asked for by the name of its file.
    """
    return dict.fromkeys(RULES, UNKNOWN_MINUTES)


def _slowest(records: list[Record], module: str) -> Measured | None:
    """Return the most expensive update and the most expensive step that any record of a module has."""
    own = [sums([record]) for record in records if record.module == module]
    if not own:
        return None
    trained = max(own, key=lambda each: each.update)
    played = max(own, key=lambda each: each.step)
    return replace(trained, steps=played.steps, evaluation=played.evaluation, lengths={})


def _minutes(cost: Cost) -> dict[str, int]:
    seconds = (cost.training, cost.evaluation + cost.curve, cost.sweep)
    return {
        rule: START_MINUTES + math.ceil(MARGIN * (cost.start + own) / 60)
        for rule, own in zip(RULES, seconds, strict=True)
    }
