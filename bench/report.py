"""Write the pages of the report: Table 2 with its figure, the cost of the runs, and what is there
of an unfinished plan.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tabulate import tabulate

from bench import scores as score_table
from bench.files import read_json, write_text
from bench.identity import identity_of
from bench.plan import Plan
from bench.record import RESULT
from bench.tables import headline, latex, markdown, page, table2, tidy, web

TITLE = (
    "Table 2 (layout of Chen, Lu et al. 2021, p.7): offline reinforcement learning on MuJoCo data."
)
PICTURES = (".png", ".svg")


def write_table2(scores: pd.DataFrame, scale: str, files: list[Path]) -> None:
    """Write Table 2 in the formats of these files: .md, .html, .tex, .csv; its bars as .png, .svg.

    Raises:
        ValueError: a suffix is unknown, or there is nothing to print.
    """
    table = table2(scores, scale)
    texts = {
        ".md": lambda: markdown(table, TITLE),
        ".html": lambda: web(table, TITLE),
        ".tex": lambda: latex(table, TITLE),
        ".csv": lambda: tidy(table).to_csv(index=False, float_format="%.4f", lineterminator="\n"),
    }
    pictures = [path for path in files if path.suffix in PICTURES]
    for path in files:
        if path.suffix in texts:
            write_text(path, texts[path.suffix]())
        elif path not in pictures:
            raise ValueError(
                f"cannot write {path}: known formats are {', '.join([*texts, *PICTURES])}"
            )
    if pictures:
        from bench.figures import bars

        bars(table, scores, pictures)


def write_cost(records: list[Path], plan: Plan, path: Path) -> None:
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
        for domain, options in variant.domains.items():
            settings += f"; {domain}: {_settings(options)}"
        body.append(
            [
                variant.label,
                str(len(rows[name])),
                f"{variant.steps:,}",
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
    title = f"What the runs of scale {plan.scale} cost: {total / 60:.1f} core-minutes."
    if path.suffix == ".html":
        write_text(path, page(title, headings, body, []))
    else:
        text = tabulate(body, headers=headings, tablefmt="github", disable_numparse=True)
        write_text(path, f"{title}\n\n{text}\n")


def write_partial(plan: Plan, suite: str, path: Path) -> None:
    """Write the table of the records that exist, and name the runs that do not.

    Raises:
        ValueError: the plan has no such suite.
        DamagedFile: a record is damaged.
    """
    if suite not in plan.runs:
        raise ValueError(f"unknown suite {suite!r}; known: {', '.join(plan.runs)}")
    wanted = {run: run.folder() / RESULT for run in plan.runs[suite]}
    there = [record for record in wanted.values() if record.exists()]
    holes = [str(record.parent) for record in wanted.values() if not record.exists()]
    text = f"{len(there)} of the {len(wanted)} runs of {suite} at scale {plan.scale} are there.\n\n"
    scores = score_table.collect(there, plan) if there else pd.DataFrame()
    if there and not headline(scores).empty:
        text += markdown(table2(scores, plan.scale), TITLE) + "\n"
    if holes:
        text += "Missing:\n\n" + "\n".join(f"- {hole}" for hole in holes) + "\n"
    write_text(path, text)


def _settings(options: dict[str, object]) -> str:
    return ", ".join(f"{key} {value}" for key, value in options.items())
