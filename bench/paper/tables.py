"""The paper's Tables 1 to 7 and 11 to 13, cell by cell, and the errors in them.

The cells are read from the PDF of arXiv 2106.01345v2; tables.csv gives the page of each cell. A cell with
an error stays as printed. Its note and an entry of `errata` name the error.
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
        mean: as printed. It is the D4RL-normalised score in Tables 2, 3 and 7, the gamer-normalised score
            in Tables 1, 4 and 5, the success rate in per cent in Table 6, and the raw game score in Tables
            11 to 13.
        std: the spread over seeds, as printed; None if the paper prints none. The captions say
            "variance", but the sizes are those of a standard deviation.
        note: a remark about the cell; empty for most cells.
    """

    mean: float
    std: float | None
    note: str

    def __str__(self) -> str:
        return f"{self.mean:.1f}" if self.std is None else f"{self.mean:.1f} ± {self.std:.1f}"


@dataclass(frozen=True)
class Erratum:
    """A printed number that contradicts another part of the paper.

    Attributes:
        place: where the number is printed, in words.
        source: the table or figure, such as `Table 2`.
        task: the row of the table, the group of Figure 3, or the panel of Figure 4; empty for a
            hyperparameter.
        method: the column; `best` is the line of the best trajectory in Figure 4.
        printed: the printed number: a normalised score, or a number of steps for a warm-up.
        computed: the number that follows from the rows of the table, or from the source that `sentence`
            names.
        sentence: a footnote about the contradiction.
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

    Tables 1, 4, 5 and 11 to 13 are about Atari games. Table 1 prints negative scores as 0.0. Tables 12 and
    13 hold the raw scores of Tables 1 and 4, which are normalised with Table 11. The columns of Table 11
    are `Random` and `Gamer`. The columns of Table 5 are `DT (K=1)` and `DT (K=30)`; on Pong the second one
    is `DT (K=50)`. In Table 6, `%BC` learns from successful episodes only. In Table 7, `DT delayed` and
    `CQL delayed` learn from sparse rewards; `DT` and `CQL` learn from the original dense rewards.
    """
    return {
        (row["table"], row["task"], row["method"]): Quoted(
            float(row["mean"]), number(row["std"]), row["note"]
        )
        for row in rows_of("tables.csv")
    }


def quoted(table: str, task: str, method: str) -> Quoted | None:
    """Return a cell of the paper, or None if the paper has no such cell."""
    return cells().get((table, task, method))


def average_of_rows(table: str, method: str, *, reacher: bool = True) -> float:
    """Return the mean of a column, computed here from its printed rows.

    Args:
        table: such as `Table 2`.
        method: one of its columns. For a method without Reacher rows (BEAR) it is the mean of the other
            rows.
        reacher: False leaves out Reacher, as the first average of Table 2 does.

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
    """Return the average that the paper prints for a column, even if it is wrong. None if the paper prints
    no average.

    Args:
        table: such as `Table 2`.
        method: one of its columns.
        reacher: False returns the average of Table 2 without Reacher.
    """
    return quoted(table, AVERAGE if reacher else WITHOUT_REACHER, method)


@cache
def errata(source: str | None = None) -> tuple[Erratum, ...]:
    """Return the contradictions in the numbers that are quoted here.

    They were found in two ways: the averages were computed from the rows, and the tables were compared
    with each other, with the vector data of Figure 4, with the returns of the D4RL files, and with the
    official code (kzl/decision-transformer at e2d82e6).

    Args:
        source: return only those of one table or figure, such as `Table 2`; None returns all.
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
