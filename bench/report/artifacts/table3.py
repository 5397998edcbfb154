"""Table 3: DT beside %BC with each X, and the best X in hindsight."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import AVERAGE, Table
from bench.report.tables import as_artifact, headline, lay_out

TITLE = "Table 3 (layout of Chen, Lu et al. 2021, p.8): Decision Transformer and percent BC."
HINDSIGHT = "The best X of a row is known only after the evaluation, in hindsight; so it is named but not ranked."


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
    percent_bc = chosen[chosen["quoted_method"].str.endswith("%BC")]
    notes = (HINDSIGHT, *best_in_hindsight(table, list(dict.fromkeys(percent_bc["column"]))))
    return as_artifact(table, TITLE, lambda files: bars(table, chosen, files), notes)


def best_in_hindsight(table: Table, columns: list[str]) -> list[str]:
    """Return a note on the columns of %BC: on how many rows each X has the largest mean.

    Args:
        table: the table.
        columns: those of %BC; a column without a run on a row does not count there.
    """
    wins: dict[str, int] = {}
    for (data, _), line in table.rows.items():
        means = {name: cell.ours.mean for name in columns if (cell := line[name]).ours}
        if data != AVERAGE and means:
            best = max(means, key=lambda name: means[name])
            wins[best] = wins.get(best, 0) + 1
    if not wins:
        return []
    counts = ", ".join(f"{table.labels[name]} on {count}" for name, count in wins.items())
    return [f"Largest mean among the X of %BC: {counts} of {sum(wins.values())} data sets."]
