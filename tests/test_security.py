"""SECURITY.md: every row of its table is a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROWS = [
    line.strip("| ").split(" | ")
    for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| tried")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_a_row_is_a_test(row: list[str]) -> None:
    assert len(row) == 3
    found = re.fullmatch(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", row[2])
    assert found is not None, row[2]
    path, name = ROOT / found[1], found[2]
    functions = {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert functions
    assert name is None or name in functions


def test_the_table_has_rows() -> None:
    assert len(ROWS) > 25
