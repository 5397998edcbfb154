"""Diagnostics of paths on graphs whose measures are known."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from bench.environments.graph import HORIZON
from bench.report.artifacts.registry import ARTIFACTS
from bench.runs.diagnostics.paths import BEST, GENERATED, NEVER, RANDOM, SHORTEST

Row = dict[str, Any]


def row(measure: str, group: str, value: float, **at: float) -> Row:
    numbers = {"x": math.nan, "y": math.nan, "spread": math.nan} | at
    return {"measure": measure, "group": group, "value": value, **numbers}


def histograms(generated: float) -> list[Row]:
    """Return rows where all shortest paths take 2 steps and a share of the generated ones does."""
    shares = {SHORTEST: {2: 1.0}, GENERATED: {2: generated, NEVER: 1 - generated}}
    shares[RANDOM] = {10: 0.25, NEVER: 0.75}
    rows = [
        row("steps", group, found.get(x, 0.0), x=x)
        for group, found in shares.items()
        for x in (*range(HORIZON + 1), NEVER)
    ]
    for group, value in ((GENERATED, generated), (RANDOM, 0.25), (BEST, 0.5)):
        rows += [row("reached", group, value), row("optimal", group, value / 2)]
    rows += [row("shorter", GENERATED, 0.1), row("unseen", GENERATED, math.nan)]
    return [*rows, row("unseen, stays counted", GENERATED, 0.3), row("stitched", GENERATED, 0.2)]


# two edges into the goal 2; 3 leads nowhere
GRAPH = [row("nodes", "", 4), row("goal", "", 2)]
GRAPH += [row("edge", "", 1, x=x, y=y) for x, y in ((0, 1), (1, 2), (3, 0), (1, 0))]
STITCH = [
    *(row("path", "", value, x=x, y=y) for x, y, value in ((0, 3, -3), (1, 0, -2), (2, 1, -1))),
    row("path", "", math.nan, x=3, y=2),
    *(row("walk", "first", math.nan, x=x, y=y) for x, y in enumerate((3, 3, 0, 1, 0))),
    *(row("walk", "second", x - 2, x=x, y=y) for x, y in enumerate((0, 1, 2))),
    *(row("walk", "miss", math.nan, x=x, y=y) for x, y in enumerate((0, 1, 0))),
    row("piece", "first", 1, x=0, y=3),
    row("piece", "second", 1, x=1, y=2),
]


def frame(*runs: tuple[str, int, list[Row]]) -> pd.DataFrame:
    about = {"method": "dt-graph", "label": "Transformer", "kind": "diagnostic", "position": 0}
    about |= {"source": "generated", "episodes": 512}
    return pd.concat(
        [pd.DataFrame(rows).assign(task=task, seed=seed, **about) for task, seed, rows in runs],
        ignore_index=True,
    )


SCORES = frame(
    ("graph1-walks", 0, [*histograms(0.8), *GRAPH]),
    ("graph1-walks", 1, [*histograms(0.6), *GRAPH, *STITCH]),
    ("graph2-walks", 0, [*histograms(0.4), *GRAPH]),
    ("graph2-walks", 1, [*histograms(0.2), *GRAPH]),
)
FILES = [f"artifact{suffix}" for suffix in ARTIFACTS["figure6"].suffixes]
