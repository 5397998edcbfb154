"""Tables as the templates show them: cells with a text, a number to sort by, and a link."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.report.cells import AVERAGE
from bench.report.site.tables import Grid, sort_key

LONG = 34  # characters; longer texts wrap
MANY = 7  # columns; with more, an interval stands below its mean
SPREAD = re.compile(r"([-+−\d.,]+†?) (\[.+\]|± .+|\(.+\))")
MERGED = ["Data", "Environment"]


@dataclass(frozen=True)
class Cell:
    """A cell.

    Attributes:
        text: what it shows.
        key: the number that it is sorted by; empty for text.
        href: where it leads; empty: nowhere.
        mark: a class of the style sheet; empty for most.
    """

    text: str
    key: str = ""
    href: str = ""
    mark: str = ""

    @property
    def long(self) -> bool:
        """Whether the text may wrap."""
        return len(self.text) > LONG and not self.rest

    @property
    def main(self) -> str:
        """The text without the interval at its end."""
        found = SPREAD.fullmatch(self.text)
        return found.group(1) if found else self.text

    @property
    def rest(self) -> str:
        """The interval at its end; empty without one."""
        found = SPREAD.fullmatch(self.text)
        return found.group(2) if found else ""


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

    @property
    def linked(self) -> bool:
        """Whether a number leads to its runs."""
        return any(cell.href for row in self.rows for cell in row[1:])

    @property
    def dense(self) -> bool:
        """Whether intervals stand below their means."""
        return len(self.headings) >= MANY


def view_of(
    grid: Grid,
    hrefs: Sequence[Sequence[str]] = (),
    heads: Sequence[str] = (),
    marks: Sequence[str] = (),
) -> View:
    """Return a table with links. Its columns `Data` and `Environment` become one, which stays while others scroll.

    Args:
        grid: the table.
        hrefs: for each cell where it leads; none: nowhere.
        heads: for each row where its first cell leads; none: as in `hrefs`.
        marks: for each column a class of the style sheet; none: no classes.
    """
    rows: list[list[Cell]] = []
    foot: list[list[Cell]] = []
    for place, texts in enumerate(grid.rows):
        links = list(hrefs[place]) if hrefs else [""] * len(texts)
        if heads and links:
            links[0] = heads[place] or links[0]
        classes = marks or [""] * len(texts)
        cells = [
            Cell(text, sort_key(text), link, mark)
            for text, link, mark in zip(texts, links, classes, strict=True)
        ]
        if grid.headings[:2] == MERGED:
            text = " ".join(filter(None, texts[:2]))
            cells = [Cell(text, "", links[0]), *cells[2:]]
        (foot if texts and texts[0] == AVERAGE else rows).append(cells)
    headings = list(grid.headings)
    if headings[:2] == MERGED:
        headings = ["Data set", *headings[2:]]
    return View(headings, rows, foot)


def plain(headings: list[str], rows: Sequence[Sequence[object]]) -> View:
    """Return a table of texts, numbers as they are spelled, or cells."""
    made = [
        [one if isinstance(one, Cell) else Cell(str(one), sort_key(str(one))) for one in row]
        for row in rows
    ]
    return View(headings, made)


def filled(grid: Grid, columns: int) -> Grid:
    """Return a table in which an empty cell of the first columns has the text above it, so that rows can be sorted."""
    rows: list[list[str]] = []
    for texts in grid.rows:
        row = list(texts)
        if rows and row and not row[0]:
            row[:columns] = rows[-1][:columns]
        rows.append(row)
    return Grid(grid.title, grid.headings, rows, grid.notes)
