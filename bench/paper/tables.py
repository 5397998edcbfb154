"""The paper's tables 1 to 7 and 11 to 13, cell by cell, and the errors in them.

Read from the PDF of arXiv 2106.01345v2; a cell's page is in tables.csv. What is wrong in print stays
as printed: a note on the cell and an entry of `errata` say so.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import number, rows_of

AVERAGE, WITHOUT_REACHER = "average", "average-without-reacher"  # rows of Tables 2 and 3


@dataclass(frozen=True)
class Quoted:
    """One cell of a table of the paper.

    Attributes:
        mean: as printed, normalised score: D4RL's, but the gamer-normalised one in Tables 1, 4 and
            5, the success rate in per cent in Table 6 and the game's own score in Tables 11 to 13.
        std: the printed spread over seeds; None where the paper prints none. The captions say
            "variance"; by size it is a standard deviation.
        note: what a reader must know about the cell; empty for most.
    """

    mean: float
    std: float | None
    note: str

    def __str__(self) -> str:
        return f"{self.mean:.1f}" if self.std is None else f"{self.mean:.1f} ± {self.std:.1f}"


@dataclass(frozen=True)
class Erratum:
    """A number that the paper contradicts elsewhere.

    Attributes:
        place: where it is printed, in words.
        source: the table or figure, such as `Table 2`.
        task: its row there; a group of Figure 3, a panel of Figure 4; empty for a hyperparameter.
        method: its column; `best` is Figure 4's line of the best trajectory.
        printed: the number in print; a normalised score, steps for a warm-up.
        computed: what the rows, or what the sentence names, give instead.
        sentence: a footnote.
    """

    place: str
    source: str
    task: str
    method: str
    printed: float
    computed: float
    sentence: str


@cache
def cells() -> dict[tuple[str, str, str], Quoted]:
    """Return (table, task, method) -> cell, for Tables 1 to 7 and 11 to 13.

    Tables 1, 4, 5 and 11 to 13 are about Atari games. Negative scores are 0.0 in Table 1. Tables 12
    and 13 are Tables 1 and 4 before they are normalised with Table 11, whose columns are `Random`
    and `Gamer`. Table 5's are `DT (K=1)` and `DT (K=30)`, on Pong `DT (K=50)`. In Table 6 `%BC`
    learns from successful episodes only. In Table 7 `DT delayed` and `CQL delayed` learn from sparse
    rewards, `DT` and `CQL` from the original dense ones.
    """
    return {
        (row["table"], row["task"], row["method"]): Quoted(
            float(row["mean"]), number(row["std"]), row["note"]
        )
        for row in rows_of("tables.csv")
    }


def quoted(table: str, task: str, method: str) -> Quoted | None:
    """Return the paper's cell, or None where it has none."""
    return cells().get((table, task, method))


def average_of_rows(table: str, method: str, *, reacher: bool = True) -> float:
    """Return the mean of a column, computed from the rows that the paper prints for the method.

    Args:
        table: such as `Table 2`.
        method: one of its columns. A method that has no Reacher rows (BEAR) is averaged over the
            others.
        reacher: False leaves Reacher out, as Table 2's first average does.

    Raises:
        ValueError: the table has no such column.
    """
    means = [
        cell.mean
        for (name, task, column), cell in cells().items()
        if (name, column) == (table, method)
        and task not in (AVERAGE, WITHOUT_REACHER)
        and (reacher or not task.startswith("reacher2d"))
    ]
    if not means:
        known = dict.fromkeys(f"{name} {column}" for name, _, column in cells())
        raise ValueError(f"no column {table} {method!r} is quoted; there are: {', '.join(known)}")
    return statistics.fmean(means)


def printed_average(table: str, method: str, *, reacher: bool = True) -> Quoted | None:
    """Return the average that the paper prints for a column, right or wrong; None where it prints
    none.

    Args:
        table: such as `Table 2`.
        method: one of its columns.
        reacher: False asks for Table 2's average without Reacher.
    """
    return quoted(table, AVERAGE if reacher else WITHOUT_REACHER, method)


@cache
def errata(source: str | None = None) -> tuple[Erratum, ...]:
    """Return what the paper contradicts itself about in the numbers quoted here.

    Found by computing its averages from its rows and by comparing its tables with each other, with
    Figure 4's vector data, with the returns of the D4RL files and with the official code
    (kzl/decision-transformer at e2d82e6).

    Args:
        source: only those of one table or figure, such as `Table 2`; None: all.
    """
    return tuple(
        Erratum(
            place=row["place"],
            source=row["source"],
            task=row["task"],
            method=row["method"],
            printed=float(row["printed"]),
            computed=float(row["computed"]),
            sentence=row["sentence"],
        )
        for row in rows_of("errata.csv")
        if source in (None, row["source"])
    )
