"""What is there of an unfinished plan: the table of the records that exist, and the names of the runs that
do not.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pandas as pd

from bench.core.files import write_text
from bench.report import scores as score_table
from bench.report.artifact import markdown
from bench.report.tables import headline
from bench.runs.identity import RESULT
from bench.runs.plan import Plan
from bench.tasks.registry import family_of_all


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
        overview = family_of_all(scores["task"].unique()).overview
        module = import_module(f"bench.report.artifacts.{overview}")
        text += markdown(module.make(scores, plan.scale)) + "\n"
    if there and len(headline(scores)) < len(scores):
        text += "Shown are final scores with dense reward and all of the data; the rest is in the records.\n\n"
    missing = [record for record in records if not record.exists()]
    holes = [str(path.parent if path.name == RESULT else path) for path in missing]
    if holes:
        text += "Missing:\n\n" + "\n".join(f"- {hole}" for hole in holes) + "\n"
    write_text(path, text)
