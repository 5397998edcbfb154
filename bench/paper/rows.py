"""Read the CSV files of this package."""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).parent


def rows_of(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the CSV files of this package, in the order of the file."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    """Return the number in a cell, or None if the cell is empty."""
    return float(text) if text else None
