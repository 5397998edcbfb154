"""SECURITY.md and docs/robustness.md: every row of their tables is a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = {"SECURITY.md": 3, "docs/robustness.md": 4}


def rows(page: str) -> list[list[str]]:
    """Return the rows of the tables of a page."""
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    return [
        line.strip("| ").split(" | ")
        for line in lines
        if line.startswith("| ") and not line.startswith("| tried")
    ]


@pytest.mark.parametrize(
    ("page", "row"),
    [(page, row) for page in COLUMNS for row in rows(page)],
    ids=lambda value: value[0][:40] if isinstance(value, list) else value,
)
def test_a_row_is_a_test(page: str, row: list[str]) -> None:
    assert len(row) == COLUMNS[page]
    found = re.fullmatch(r"`((?:tests|benchmarks)/[\w/]+\.py)(?:::(\w+))?`", row[-1])
    assert found is not None, row[-1]
    path, name = ROOT / found[1], found[2]
    functions = {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert functions
    assert name is None or name in functions


@pytest.mark.parametrize("page", COLUMNS)
def test_the_table_has_rows(page: str) -> None:
    assert len(rows(page)) > 25
