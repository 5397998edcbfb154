"""Write what the report says of the runs themselves: their cost, and what is there of an unfinished
plan.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from bench import scores as score_table
from bench.files import read_json, write_text
from bench.identity import RESULT, identity_of
from bench.pages import table1, table2
from bench.plan import Plan
from bench.sheets import Sheet, markdown, write
from bench.tables import headline
from bench.tasks import ATARI


def write_cost(records: list[Path], plan: Plan, suite: str, path: Path) -> None:
    """Write what each method's runs cost: the median and the largest time, speed, memory; and the
    settings they ran with.
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
    for name, variant in plan.variants.items():
        if name not in rows:
            continue
        columns = {key: [row[key] for row in rows[name]] for key in rows[name][0]}
        settings = _settings(variant.options) or "defaults"
        own = "".join(f"; {domain}: {n:,}" for domain, n in variant.domain_steps.items())
        for domain, options in variant.domains.items():
            settings += f"; {domain}: {_settings(options)}"
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
        "Settings other than the defaults",
        "Why",
    ]
    total = sum(row["train"] + row["evaluate"] for method in rows.values() for row in method)
    title = (
        f"What the runs of suite {suite} cost at scale {plan.scale}: {total / 60:.1f} core-minutes."
    )
    numbers = pd.DataFrame(body, columns=headings)
    swept = "Sweeps over target returns are not counted."
    notes = [swept] if suite in plan.swept else []
    write(Sheet(title, headings, body, notes, numbers), [path])


def write_partial(plan: Plan, suite: str, path: Path) -> None:
    """Write the table of the records that exist, and name the runs that do not.

    Raises:
        ValueError: the plan has no such suite.
        DamagedFile: a record is damaged.
    """
    if suite not in plan.runs:
        raise ValueError(f"unknown suite {suite!r}; known: {', '.join(plan.runs)}")
    records = plan.records(suite)
    there = [record for record in records if record.exists()]
    runs, done = plan.runs[suite], sum(record.name == RESULT for record in there)
    text = f"{done} of the {len(runs)} runs of {suite} at scale {plan.scale} are there.\n\n"
    scores = score_table.collect(there, plan, suite) if there else pd.DataFrame()
    if there and not headline(scores).empty:
        page = table1 if set(scores["task"]) <= set(ATARI) else table2
        text += markdown(page.make(scores, plan.scale)) + "\n"
    if there and len(headline(scores)) < len(scores):
        text += "Shown are final scores with dense reward and all of the data; the rest is in the records.\n\n"
    missing = [record for record in records if not record.exists()]
    holes = [str(path.parent if path.name == RESULT else path) for path in missing]
    if holes:
        text += "Missing:\n\n" + "\n".join(f"- {hole}" for hole in holes) + "\n"
    write_text(path, text)


def _settings(options: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in options.items())
