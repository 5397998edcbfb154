"""The paper's own numbers (arXiv 2106.01345v2), as data: quoted, never computed here."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Quoted:
    """One cell of a table of the paper.

    Attributes:
        mean: as printed, normalised score.
        std: the printed spread over seeds; None where the paper prints none. The captions say
            "variance"; by size it is a standard deviation.
        note: what a reader must know about the cell; empty for most.
    """

    mean: float
    std: float | None
    note: str

    def __str__(self) -> str:
        return f"{self.mean:.1f}" if self.std is None else f"{self.mean:.1f} ± {self.std:.1f}"


@cache
def cells() -> dict[tuple[str, str, str], Quoted]:
    """Return (table, task, method) -> cell, for Tables 2 and 3."""
    with (Path(__file__).parent / "tables.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["table"], row["task"], row["method"]): Quoted(
                float(row["mean"]), float(row["std"]) if row["std"] else None, row["note"]
            )
            for row in csv.DictReader(file)
        }


def quoted(table: str, task: str, method: str) -> Quoted | None:
    """Return the paper's cell, or None where it has none."""
    return cells().get((table, task, method))
