"""The tables of a site: artifacts as they lie on disk, read back from their Markdown.

The Markdown is that of `bench.report.artifact.markdown`: a title, a table, and notes as a list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CELL = re.compile(r"(?<!\\)\|")  # a bar that is not escaped
RULE = re.compile(r"\|[-:| ]+\|")
NAME_AFTER = re.compile(r"%?[A-Za-z]\w")  # letters at once after a number: it is a part of a name
NUMBER = re.compile(r"[-+−]?\d[\d,]*(\.\d+)?")


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        title: its caption.
        headings: of the columns.
        rows: of text; each has as many cells as there are headings.
        notes: the sentences below it.
    """

    title: str
    headings: list[str]
    rows: list[list[str]]
    notes: list[str]


def read(path: Path) -> Grid:
    """Return the table of an artifact.

    Raises:
        OSError: the file cannot be read.
        UnicodeDecodeError: it is not UTF-8.
    """
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Grid:
    """Return the table that a text in Markdown holds. What it lacks is empty."""
    title: list[str] = []
    headings: list[str] = []
    rows: list[list[str]] = []
    notes: list[str] = []
    for line in text.splitlines():
        if line.startswith("|"):
            if RULE.fullmatch(line):
                continue
            cells = [_plain(cell) for cell in CELL.split(line)[1:-1]]
            if not headings:
                headings = cells
            else:
                rows.append((cells + [""] * len(headings))[: len(headings)])
        elif line.startswith("- "):
            notes.append(_plain(line[2:]))
        elif line.strip() and not headings:
            title.append(_plain(line))
        elif line.strip():
            notes.append(_plain(line))
    return Grid(" ".join(title), headings, rows, notes)


def sort_key(cell: str) -> str:
    """Return the number that a cell begins with, as text that JavaScript reads; empty without one.

    `57.3 [50.1, 64.5]` gives `57.3`, `1,300` gives `1300`, `> 37` gives `37`, and a name such as `10%BC` nothing.
    """
    text = cell.removeprefix("at most ").lstrip("<>~≈ ")
    found = NUMBER.match(text)
    if found and NAME_AFTER.match(text, found.end()):
        return ""
    return found.group().replace(",", "").replace("−", "-") if found else ""


def _plain(text: str) -> str:
    """Return what the writer wrote: it escapes bars, HTML and links."""
    return text.strip().replace("\\|", "|").replace("&lt;", "<").replace("]\\(", "](")
