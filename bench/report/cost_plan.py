"""What a config will cost: core-hours and wall time of each suite, computed from measured steps."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from typing import Any

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.run_cost import Cost, cost_of
from bench.report.step_costs import (
    Measured,
    Record,
    differences,
    learns_in_environment,
    measured,
    settings_of,
)
from bench.runs.identity import Identity
from bench.runs.plan import Plan

HOUR = 3600.0
MEASURED = (
    "milliseconds an update and a step of one environment"  # marks the notes on measured methods
)
NOTES = (
    "Training: updates times the measured core-seconds of an update. Evaluation, curve points and sweep: episodes "
    "times their mean length times the measured core-seconds of a step of one environment. A method that has not "
    "played on a data set gets the longest episodes there.",
    "Start: imports and data of the two processes of a run. Not included: data sets, diagnostics, tables, and the time "
    "of Snakemake itself.",
    "A run that two suites share counts in the first one, and in the total once.",
)


def make(
    plan: Plan,
    config: dict[str, Any],
    records: list[Record],
    cores: list[int],
    suites: list[str],
) -> Artifact:
    """Return the table of the costs of some suites of a config.

    Args:
        plan: of the config.
        config: the merged config.
        records: finished runs, whose times are used.
        cores: numbers of cores for the wall time.
        suites: in the order of the table.
    """
    runs = list(dict.fromkeys(run for suite in suites for run in plan.runs[suite]))
    costs, gaps, sources = costs_of(plan, config, records, runs)
    body, numbers, every = [], [], list[Cost]()
    counted: set[Identity] = set()
    swept: set[Identity] = set()
    for suite in suites:
        own = plan.runs[suite]
        shared = [run for run in own if run in counted]
        asked = set(own) - swept if suite in plan.swept else set()
        parts = [
            replace(
                costs[run] if run not in counted else Cost(),
                sweep=costs[run].sweep if run in asked else 0.0,
            )
            for run in own
            if run in costs
        ]
        counted |= set(own)
        swept |= asked
        every += parts
        unknown = sum(run not in costs for run in own)
        text, line = _line(suite, len(own), len(shared), unknown, parts, cores)
        body.append(text)
        numbers.append(line)
    text, line = _line("total", len(runs), 0, sum(run not in costs for run in runs), every, cores)
    body.append(text)
    numbers.append(line)
    headings = ["Suite", "Runs", "Shared", "Not measured", "Training", "Evaluation", "Curve points"]
    headings += ["Sweep", "Start", "Core-hours", *(f"On {count} cores" for count in cores)]
    diagnosed = [suite for suite in suites if suite in plan.diagnosed]
    notes = [*NOTES, *gaps]
    if diagnosed:
        notes.append(f"Without their diagnostics: {', '.join(diagnosed)}.")
    notes += sources
    title = f"Computed cost of scale {plan.scale}, in core-hours."
    return Artifact(title, headings, body, notes, pd.DataFrame(numbers), foot=1)


def _line(
    name: str, runs: int, shared: int, unknown: int, parts: list[Cost], cores: list[int]
) -> tuple[list[str], dict[str, float | str]]:
    """Return the row of a suite as text and as numbers."""
    whole = sum(parts, Cost())
    longest = max((part.total for part in parts), default=0.0)
    walls = {count: max(whole.total / count, longest) for count in cores}
    mark = "at least " if unknown else ""
    hours = {one.name: getattr(whole, one.name) / HOUR for one in fields(Cost)}
    text = [name, f"{runs:,}", f"{shared:,}", f"{unknown:,}" if unknown else MISSING]
    text += [f"{value:.2f}" for value in hours.values()]
    text += [
        f"{mark}{whole.total / HOUR:.2f}",
        *(mark + _duration(wall) for wall in walls.values()),
    ]
    line: dict[str, float | str] = {"suite": name, "runs": runs, "shared": shared}
    line |= {"not_measured": unknown, "core_hours": whole.total / HOUR}
    line |= {f"{part}_core_hours": value for part, value in hours.items()}
    line |= {f"hours_on_{count}_cores": wall / HOUR for count, wall in walls.items()}
    return text, line


def costs_of(
    plan: Plan, config: dict[str, Any], records: list[Record], runs: list[Identity]
) -> tuple[dict[Identity, Cost], list[str], list[str]]:
    """Return the cost of every run with a measurement, and notes: on methods without one, and on the
    measurements.
    """
    costs: dict[Identity, Cost] = {}
    gaps: dict[tuple[str, str], list[str]] = {}
    found: dict[tuple[str, str, str], tuple[Measured | None, str]] = {}
    sources: dict[str, dict[str, str]] = {}
    for run in runs:
        variant, domain = plan.variants[run.method], run.task.partition("-")[0]
        key = (variant.module, domain, variant.options_json(run.task))
        if key not in found:
            found[key] = _measured(records, *key, config["device"])
        known, nearest = found[key]
        if known is None:
            gaps.setdefault((run.method, nearest), []).append(domain)
            continue
        costs[run] = cost_of(run, plan, config, known)
        sources.setdefault(run.method, {})[domain] = (
            f"{domain} {1000 * known.update:.2f} and {1000 * known.step:.2f} ({known.runs} runs, {known.source})"
        )
    notes = [
        f"No measurement: {method} on {', '.join(dict.fromkeys(domains))}{nearest}; {len(domains)} runs are not in the "
        f"numbers. {remedy_of(plan, config, method)}"
        for (method, nearest), domains in gaps.items()
    ]
    if any(known is not None and math.isnan(known.start) for known, _ in found.values()):
        notes.append(
            "Some records are of an earlier version that did not measure the start of its processes; it counts as 0."
        )
    return (
        costs,
        notes,
        [f"{name}, {MEASURED}: {'; '.join(of.values())}." for name, of in sources.items()],
    )


def remedy_of(plan: Plan, config: dict[str, Any], method: str) -> str:
    """Return how a method without a measurement gets one."""
    variant = plan.variants[method]
    task = next(run.task for runs in plan.runs.values() for run in runs if run.method == method)
    options = json.loads(variant.options_json(task))
    settings = settings_of(variant.module, options, config["device"])
    if learns_in_environment(variant.module, settings):
        return (
            "It learns in its environment, so no short run measures it: one run of the plan does."
        )
    return "`bench cost --plan --measure` measures them."


def without_measured(table: Artifact) -> Artifact:
    """Return the table of `make` for a terminal: one note instead of the measured times of each method."""
    notes = [note for note in table.notes if MEASURED not in note]
    left_out = len(table.notes) - len(notes)
    return replace(
        table,
        notes=[*notes, f"The measured times of {left_out} methods: `--out cost.md` has them."],
    )


def _measured(
    records: list[Record], module: str, domain: str, options: str, device: str
) -> tuple[Measured | None, str]:
    settings = settings_of(module, json.loads(options), device)
    known = measured(records, module, settings, domain)
    if known is not None:
        return known, ""
    nearest = differences(records, module, settings)
    return None, f" (measured with {nearest})" if nearest else ""


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
