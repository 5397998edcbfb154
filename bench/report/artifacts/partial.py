"""The partial report of an unfinished suite: a table of the finished runs, and the names of the missing
ones.
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
    """Write a table of the finished runs of a suite, and the names of the missing ones.

    Raises:
        ValueError: the plan has no such suite.
        DamagedFile: a record is damaged.
    """
    if suite not in plan.runs:
        raise ValueError(f"unknown suite {suite!r}; known: {', '.join(plan.runs)}")
    records = plan.records(suite)
    finished = [record for record in records if record.exists()]
    runs, done = plan.runs[suite], sum(record.name == RESULT for record in finished)
    text = f"{done} of the {len(runs)} runs of {suite} at scale {plan.scale} are finished.\n\n"
    scores = score_table.collect(finished, plan, suite) if finished else pd.DataFrame()
    if finished and not headline(scores).empty:
        overview = family_of_all(scores["task"].unique()).overview
        module = import_module(f"bench.report.artifacts.{overview}")
        text += markdown(module.make(scores, plan.scale)) + "\n"
    if finished and len(headline(scores)) < len(scores):
        text += "The table shows final scores with dense reward and all of the data; the records hold the rest.\n\n"
    missing = [record for record in records if not record.exists()]
    names = [str(path.parent if path.name == RESULT else path) for path in missing]
    if names:
        text += "Missing:\n\n" + "\n".join(f"- {name}" for name in names) + "\n"
    write_text(path, text)
