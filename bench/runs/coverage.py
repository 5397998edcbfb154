"""A small set of records that covers every method and kind of data of a plan."""

from __future__ import annotations

from pathlib import Path

from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.tasks.registry import family_of, task_by_name

Key = tuple[str, str, str, str]  # method, family, reward, file of the record


def needed(plan: Plan) -> dict[Key, Path]:
    """Return one record for each method, family of tasks, reward and kind of record in a plan."""
    found: dict[Key, Path] = {}
    for suite, runs in plan.runs.items():
        files = dict.fromkeys(path.name for path in plan.records(suite))
        for run in runs:
            for file in files:
                found.setdefault(key_of(run, file), run.folder() / file)
    return found


def key_of(run: Identity, file: str) -> Key:
    """Return the method, family, reward and kind of a record."""
    return run.method, family_of(task_by_name(run.task)).name, run.reward, file
