"""The cells of a table: our mean with its interval, the paper's number and a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.paper import Quoted
from bench.stats.intervals import Estimate

AVERAGE = "Average"
MISSING = "—"


Row = tuple[str, str]


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        ours: mean and interval of our runs; None: there is no run.
        paper: the paper's number; None: the paper has no such cell.
        diverged: number of runs that diverged.
        verdict: our number compared with the paper's; empty if one of the two is missing.
    """

    ours: Estimate | None
    paper: Quoted | None
    diverged: int
    verdict: str = ""

    def text(self) -> str:
        """Return mean and interval, such as `57.3 [50.1, 64.5]`; a dagger marks diverged runs."""
        return MISSING if self.ours is None else spell(self.ours) + "†" * bool(self.diverged)


@dataclass(frozen=True)
class Table:
    """A table with the layout of the paper's Table 2: a row for each data set, a column for each
    method, and averages in the last rows.

    Attributes:
        labels: column -> heading.
        rows: (data, environment) -> column -> cell; averages last.
        verdicts: the verdict of each row.
        notes: sentences below the table.
    """

    labels: dict[str, str]
    rows: dict[Row, dict[str, Cell]]
    verdicts: dict[Row, str]
    notes: list[str]


def spell(ours: Estimate) -> str:
    """Return the text of a mean with its interval."""
    if math.isnan(ours.low):
        return f"{ours.mean:.1f} ({'1 seed' if ours.runs == 1 else 'no interval'})"
    if ours.low == ours.high:
        return f"{ours.mean:.1f}"
    return f"{ours.mean:.1f} [{ours.low:.1f}, {ours.high:.1f}]"
