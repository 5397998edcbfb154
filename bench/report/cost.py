"""The cost of the runs: time, speed and memory of each method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench.core.files import read_json
from bench.report.artifact import Artifact, write_artifact
from bench.runs.identity import identity_of
from bench.runs.plan import Plan


def write_cost(records: list[Path], plan: Plan, suite: str, path: Path) -> None:
    """Write the table of the cost of each method's runs."""
    write_artifact(make(records, plan, suite), [path])


def make(records: list[Path], plan: Plan, suite: str) -> Artifact:
    """Return the table of the cost of each method's runs: median and largest times, speed, memory, and
    settings.
    """
    rows: dict[str, list[dict[str, float]]] = {}
    for record in records:
        clock = read_json(record.parent / "run.json")
        rows.setdefault(identity_of(record.absolute().parent).method, []).append(
            {
                "train": clock["training"]["cpu_seconds"],
                "speed": clock["training"]["steps_per_second"],
                "evaluate": clock["evaluation"]["cpu_seconds"],
                "memory": clock["training"]["peak_memory_mb"],
            }
        )
    body = []
    for name in dict.fromkeys(run.method for run in plan.runs[suite]):
        if name not in rows:
            continue
        variant = plan.variants[name]
        columns = {key: [row[key] for row in rows[name]] for key in rows[name][0]}
        settings = settings_of(variant.options) or "defaults"
        own = "".join(f"; {domain}: {n:,}" for domain, n in variant.domain_steps.items())
        for domain, options in variant.domains.items():
            settings += f"; {domain}: {settings_of(options)}"
        body.append(
            [
                variant.label,
                str(len(rows[name])),
                f"{variant.steps:,}{own}",
                f"{np.median(columns['train']):.1f} ({max(columns['train']):.1f})",
                f"{np.median(columns['speed']):,.0f}",
                f"{np.median(columns['evaluate']):.1f} ({max(columns['evaluate']):.1f})",
                f"{max(columns['memory']):,.0f}",
                settings,
                variant.reason,
            ]
        )
    headings = [
        "Method",
        "Runs",
        "Steps",
        "Training, core-seconds: median (largest)",
        "Steps/s",
        "Evaluation, core-seconds: median (largest)",
        "Memory, MB",
        "Settings that differ from the defaults",
        "Reason",
    ]
    total = sum(row["train"] + row["evaluate"] for method in rows.values() for row in method)
    title = (
        f"Cost of the runs of suite {suite} at scale {plan.scale}: {total / 60:.1f} core-minutes."
    )
    numbers = pd.DataFrame(body, columns=headings)
    swept = "The sweeps over target returns are not included."
    notes = [swept] if suite in plan.swept else []
    return Artifact(title, headings, body, notes, numbers)


def settings_of(options: dict[str, object]) -> str:
    """Return options as text."""
    return ", ".join(f"{key} {value}" for key, value in options.items())
