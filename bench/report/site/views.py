"""Tables as the templates show them: cells with a text, a number to sort by, and a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.report.cells import AVERAGE
from bench.report.site.tables import Grid, sort_key

LONG = 40  # characters; longer texts wrap


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: what it shows.
        key: the number that it is sorted by; empty for text.
        href: where it leads; empty: nowhere.
    """

    text: str
    key: str = ""
    href: str = ""

    @property
    def long(self) -> bool:
        """Whether the text may wrap."""
        return len(self.text) > LONG


@dataclass(frozen=True)
class View:
    """A table.

    Attributes:
        headings: of the columns.
        rows: each with a cell for each heading.
        foot: rows, such as averages, that stay below the others.
    """

    headings: list[str]
    rows: list[list[Cell]]
    foot: list[list[Cell]] = field(default_factory=list)


def view_of(grid: Grid, hrefs: Sequence[Sequence[str]] = (), page: str = "") -> View:
    """Return a table with links.

    Args:
        grid: the table.
        hrefs: for each cell a query of the page of runs, or an empty text; none: no links.
        page: the address of the page of runs.
    """
    rows, foot = [], []
    for place, texts in enumerate(grid.rows):
        queries = hrefs[place] if hrefs else [""] * len(texts)
        cells = [
            Cell(text, sort_key(text), f"{page}?{query}" if query else "")
            for text, query in zip(texts, queries, strict=True)
        ]
        (foot if texts and texts[0] == AVERAGE else rows).append(cells)
    return View(list(grid.headings), rows, foot)


def filled(grid: Grid, columns: int) -> Grid:
    """Return a table in which an empty cell of the first columns has the text above it, so that rows can be sorted."""
    rows: list[list[str]] = []
    for texts in grid.rows:
        row = list(texts)
        if rows and row and not row[0]:
            row[:columns] = rows[-1][:columns]
        rows.append(row)
    return Grid(grid.title, grid.headings, rows, grid.notes)
