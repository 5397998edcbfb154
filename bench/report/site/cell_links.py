"""From a cell of a table to the runs behind it: the query of the page of runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.core.files import DamagedFile
from bench.report.artifacts.figure3 import NAMES
from bench.report.cells import AVERAGE
from bench.report.site.tables import Grid, sort_key
from bench.report.tables import row_of
from bench.runs.plan import Plan

REWARDS = ("dense", "sparse")
# columns that hold no numbers of our runs: the paper's, other implementations', and what was asked for
OTHERS = re.compile(
    r"\bpaper\b|, (last|best|mean) ?|^(Paper|Target|Gamer|Random)\b|^Seed$", re.IGNORECASE
)
PERCENT = re.compile(r", ([\d.]+) %$")


@dataclass(frozen=True)
class Facets:
    """What the texts of a table can mean in its suite: labels of data, environments, tasks and methods."""

    suite: str
    rows: dict[tuple[str, str], str]
    data: dict[str, tuple[str, ...]]
    methods: dict[str, tuple[str, ...]]


def facets(plan: Plan, suite: str) -> Facets:
    """Return the labels of a suite."""
    rows: dict[tuple[str, str], str] = {}
    data: dict[str, tuple[str, ...]] = {}
    for task in dict.fromkeys(run.task for run in plan.runs[suite]):
        try:
            label = row_of(task)
        except (ValueError, DamagedFile):  # imported data that are not here
            label = (task, "")
        rows[label] = task
        data[label[0]] = (*data.get(label[0], ()), task)
    methods: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(run.method for run in plan.runs[suite]):
        variant = plan.variants[name]
        methods[variant.label] = (*methods.get(variant.label, ()), name)
        if variant.quoted and (spelled := NAMES.get(variant.quoted[1])):
            methods.setdefault(spelled, (name,))
    return Facets(suite, rows, data, methods)


def links(grid: Grid, known: Facets) -> list[list[str]]:
    """Return a query for each cell of a table; empty for a cell without runs of ours behind it."""
    columns = [_method_of(heading, known) for heading in grid.headings]
    found = []
    for row in grid.rows:
        about = _row(row, grid.headings, known)
        line = []
        for heading, cell, (methods, reward) in zip(grid.headings, row, columns, strict=True):
            mine = methods or about.get("method", ())
            if not mine or not sort_key(cell) or OTHERS.search(heading):
                line.append("")
                continue
            query: dict[str, Sequence[str]] = {"suite": (known.suite,), **about, "method": mine}
            if reward:
                query["reward"] = (reward,)
            line.append(spell(query))
        found.append(line)
    return found


def tasks(grid: Grid, known: Facets) -> list[str]:
    """Return the task of each row of a table; empty for a row of several tasks, or of none."""
    found = (_row(row, grid.headings, known).get("task", ()) for row in grid.rows)
    return [each[0] if len(each) == 1 else "" for each in found]


def of_others(heading: str) -> bool:
    """Return whether a column holds no numbers of our runs, such as the paper's."""
    return OTHERS.search(heading) is not None


def spell(query: Mapping[str, Sequence[str]]) -> str:
    """Return a query as part of an address; several values of one key are separated by commas."""
    return urlencode({key: ",".join(values) for key, values in query.items() if values}, safe=",")


def _method_of(heading: str, known: Facets) -> tuple[tuple[str, ...], str]:
    """Return the methods and the reward that a heading names."""
    for reward in REWARDS:
        label = heading.removesuffix(f", {reward}")
        if label != heading and label in known.methods:
            return known.methods[label], reward
    return known.methods.get(heading, ()), ""


def _row(row: list[str], headings: list[str], known: Facets) -> dict[str, tuple[str, ...]]:
    """Return what the first cells of a row say: tasks, fraction of the data, methods, seed."""
    found: dict[str, tuple[str, ...]] = {}
    texts = [text for text in row[:4] if text]
    for text in texts:
        if text in known.methods:
            found["method"] = known.methods[text]
        elif text in known.rows.values():
            found["task"] = (text,)
        elif set(pair := text.split(" > ")) <= set(known.methods):
            found["method"] = tuple(name for part in pair for name in known.methods[part])
    for place, text in enumerate(texts):
        data, percent = PERCENT.sub("", text), PERCENT.search(text)
        after = texts[place + 1] if place + 1 < len(texts) else ""
        if (data, after) in known.rows:
            found["task"] = (known.rows[data, after],)
        elif data in known.data and "task" not in found:
            found["task"] = known.data[data]
        else:
            continue
        if percent:
            found["percent"] = (percent.group(1),)
        break
    if row and row[0] == AVERAGE and len(row) > 1 and row[1].startswith("without "):
        left_out = row[1].removeprefix("without ")
        found["task"] = tuple(task for (_, name), task in known.rows.items() if name != left_out)
    if "Seed" in headings and (seed := row[headings.index("Seed")]).isdigit():
        found["seed"] = (seed,)
    return found
