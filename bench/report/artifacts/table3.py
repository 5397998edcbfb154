"""Table 3: DT beside %BC with each X, and which X was best in hindsight."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import AVERAGE, Table
from bench.report.tables import as_artifact, headline, lay_out

TITLE = "Table 3 (layout of Chen, Lu et al. 2021, p.8): Decision Transformer and percent BC."
HINDSIGHT = "The best X of a row is known only after roll-outs: it is hindsight, is named and is not ranked."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 3 of a suite's scores.

    Raises:
        ValueError: there is no score with dense reward and all of the data.
    """
    from bench.report.figures import bars

    chosen = headline(scores)
    if chosen.empty:
        raise ValueError("no score with dense reward and 100 % of the data: nothing for Table 3")
    chosen = chosen.assign(quoted_table="Table 3")
    table = lay_out(chosen, scale)
    shares = chosen[chosen["quoted_method"].str.endswith("%BC")]
    notes = (HINDSIGHT, *best_in_hindsight(table, list(dict.fromkeys(shares["column"]))))
    return as_artifact(table, TITLE, lambda files: bars(table, chosen, files), notes)


def best_in_hindsight(table: Table, shares: list[str]) -> list[str]:
    """Return which of the columns `shares`, %BC with some X, had the largest mean on how many
    rows.
    """
    wins: dict[str, int] = {}
    for (data, _), line in table.rows.items():
        means = {name: cell.ours.mean for name in shares if (cell := line[name]).ours}
        if data != AVERAGE and means:
            best = max(means, key=lambda name: means[name])
            wins[best] = wins.get(best, 0) + 1
    if not wins:
        return []
    counts = ", ".join(f"{table.labels[name]} on {count}" for name, count in wins.items())
    return [f"Largest mean among the X of %BC: {counts} of {sum(wins.values())} data sets."]
