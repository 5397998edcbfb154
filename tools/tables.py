"""Renew the tables that pages quote from reports/reference: `python tools/tables.py`.

A page marks each of them, and this program writes what stands between the marks:

    <!-- table: quick/mujoco/table2.md -->
    <!-- table: quick/key_to_door/table6.md, 2 rows -->
    <!-- table: quick/claims.csv, columns id claim verdict -->
    ...
    <!-- end of table -->

The first form takes the first table of a Markdown page, the second its first rows. The third takes
columns of a CSV file; rows that are equal in them become one.
tests/tools/test_tables.py fails where a page shows another table than its mark names.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "reports" / "reference"
PAGES = ("README.md", "docs/*.md")
END = "<!-- end of table -->"
MARK = re.compile(r"<!-- table: (?P<source>[^,\n]+?)(?:, (?P<part>[^\n]+?))? -->")


def main() -> None:
    """Write every page with a quoted table again, and name those that changed."""
    for page in pages():
        text = page.read_text()
        try:
            renewed = renew(text, KEPT)
        except ValueError as error:
            sys.exit(f"error: {page.relative_to(ROOT)}: {error}")
        if renewed != text:
            page.write_text(renewed)
            print(page.relative_to(ROOT))


def pages() -> list[Path]:
    """Return the pages that quote a table."""
    found = [page for pattern in PAGES for page in sorted(ROOT.glob(pattern))]
    return [page for page in found if MARK.search(page.read_text())]


def renew(text: str, kept: Path) -> str:
    """Return the page's text with every quoted table as it is in its source.

    Args:
        text: a page in Markdown.
        kept: the folder that holds the sources.

    Raises:
        ValueError: a mark has no end, its source is not there, or the source has not what it asks for.
    """
    parts, position = [], 0
    for mark in MARK.finditer(text):
        end = text.find(END, mark.end())
        if end < 0 or MARK.search(text, mark.end(), end):
            raise ValueError(f"{mark[0]} has no `{END}` after it")
        table = quote(kept / mark["source"], mark["part"] or "")
        parts += [text[position : mark.end()], "\n\n", *(f"{line}\n" for line in table), "\n"]
        position = end
    return "".join(parts) + text[position:]


def quote(source: Path, part: str) -> list[str]:
    """Return the lines of a table in Markdown.

    Args:
        source: a .md or .csv file.
        part: "", "N rows" or "columns A B C".

    Raises:
        ValueError: the source is not there, or has not what is asked for.
    """
    if not source.is_file():
        raise ValueError(f"{source} is not there")
    rows = re.fullmatch(r"(\d+) rows", part)
    columns = re.fullmatch(r"columns (.+)", part)
    if source.suffix == ".csv" and columns:
        return _from_csv(source, columns[1].split())
    if source.suffix == ".md" and (rows or not part):
        lines = _first_table(source)
        wanted = int(rows[1]) if rows else len(lines) - 2
        if not 0 < wanted <= len(lines) - 2:
            raise ValueError(f"{source} has no table of {wanted} rows or more")
        return lines[: 2 + wanted]
    raise ValueError(
        f"`{part}` of {source.name}: known are `N rows` of .md and `columns A B` of .csv"
    )


def _first_table(source: Path) -> list[str]:
    """Return the lines of the first table of a page in Markdown; none if it has no table."""
    lines = source.read_text().splitlines()
    start = next((at for at, line in enumerate(lines) if line.startswith("|")), len(lines))
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    return lines[start:end]


def _from_csv(source: Path, columns: list[str]) -> list[str]:
    """Return a table of the given columns, equal rows once."""
    frame = pd.read_csv(source, dtype=str, keep_default_na=False)
    unknown = [column for column in columns if column not in frame]
    if unknown:
        raise ValueError(f"{source} has no column {', '.join(unknown)}")
    chosen = frame[columns].drop_duplicates()
    rows = [
        [column.capitalize() for column in columns],
        ["---"] * len(columns),
        *chosen.values.tolist(),
    ]
    return [f"| {' | '.join(row)} |" for row in rows]


if __name__ == "__main__":
    main()
