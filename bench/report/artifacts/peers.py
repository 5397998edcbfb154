"""Published results of other implementations on D4RL's -v2 data, beside ours and the paper's."""

from __future__ import annotations

import math

import pandas as pd

from bench.paper import peers, quoted
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.tables import headline, quoting, row_of
from bench.stats.intervals import estimate

TITLE = "Published results of other implementations on data sets of D4RL (-v2), beside ours."
NOTES = (
    "The paper quotes its CQL column from work on D4RL -v0. These columns show CQL on the -v2 data that DT was trained "
    "on.",
    "Each column names the rule that chose the checkpoint. `best of the evaluations` chooses it by its score in the "
    "environment, which raises the score; so this column is shown but not ranked.",
    "± is as published: the population standard deviation over seeds in CORL and d3rlpy.",
)
PAPER = {"DT": "Table 2", "CQL": "Table 2", "BC": "Table 2", "10%BC": "Table 3"}


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return a row for each data set and method with published results; a suite of other tasks has none."""
    chosen = headline(scores)
    tasks, cells = list(dict.fromkeys(scores["task"])), peers()
    columns = list(dict.fromkeys((cell.source, cell.rule) for cell in cells))
    body, numbers = [], []
    for method in PAPER:
        for task in tasks:
            theirs = {(c.source, c.rule): c for c in cells if (c.task, c.method) == (task, method)}
            if not theirs:
                continue
            beside = quoting(chosen, PAPER[method], method)
            mine = beside[beside["task"] == task]
            ours = estimate(mine["score"].tolist()) if len(mine) else None
            paper = quoted(PAPER[method], task, method)
            line = [method, *row_of(task), spell(ours) if ours else MISSING, str(paper or MISSING)]
            body.append([*line, *(str(theirs.get(column, MISSING)) for column in columns)])
            about = {"method": method, "task": task}
            numbers += [
                about
                | {"source": c.source, "rule": c.rule, "mean": c.mean, "std": c.std}
                | {"seeds": c.seeds, "ranked": c.ranked, "citation": c.citation, "note": c.note}
                for c in theirs.values()
            ]
            if ours:
                numbers.append(
                    about
                    | {"source": "this suite", "rule": "last", "mean": ours.mean, "std": ours.std}
                    | {"seeds": ours.runs, "ranked": True, "citation": f"scale {scale}", "note": ""}
                )
            if paper:
                std = math.nan if paper.std is None else paper.std
                numbers.append(
                    about
                    | {"source": "the paper", "rule": "last", "mean": paper.mean, "std": std}
                    | {"seeds": 3, "ranked": True, "citation": PAPER[method], "note": paper.note}
                )
    headings = ["Method", "Data", "Environment", "Ours", "Paper"]
    headings += [f"{source}, {rule}" for source, rule in columns]
    remarks = dict.fromkeys(f"{c.source}, {c.method}: {c.note}." for c in cells if c.note)
    sources = ", ".join(sorted(set(chosen["source"])))
    first = f"Ours: scale {scale}, data: {sources}; 95 % interval over seeds."
    if not body:
        first = "No other implementation publishes results for a task of this suite."
    return Artifact(TITLE, headings, body, [first, *NOTES, *remarks], pd.DataFrame(numbers))
