"""The files of quoted numbers: each known, no key twice, every number finite."""

from __future__ import annotations

import csv
import math
from collections import Counter
from pathlib import Path

import pytest

from bench import paper as package
from bench.paper.rows import number, rows_of

FOLDER = Path(package.__file__).parent
KEYS = {
    "tables.csv": ("table", "task", "method"),
    "d3rlpy_curves.csv": ("method", "task", "updates"),
    "errata.csv": ("place",),
    "figure3.csv": ("group", "method"),
    "figure4.csv": ("domain", "raw_target"),
    "figure4_lines.csv": ("domain",),
    "figure5.csv": ("series", "step"),
    "figure5_attention.csv": ("event",),
    "figure6.csv": ("series", "steps"),
    "peers.csv": ("source", "method", "task", "rule"),
    "peer_seeds.csv": ("source", "method", "task", "rule", "seed"),
}
TEXT = {
    *("note", "sentence", "citation", "rule", "label", "place", "source", "group", "domain"),
    *("table", "task", "method", "series", "event", "steps", "version"),
}


def test_every_file_is_known() -> None:
    assert {path.name for path in FOLDER.glob("*.csv")} == set(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_no_key_twice_and_every_number_finite(name: str) -> None:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    keys = Counter(tuple(row[part] for part in KEYS[name]) for row in rows)
    assert [key for key, count in keys.items() if count > 1] == []
    for row in rows:
        assert None not in row, row  # a comma that should have been quoted
        for column, text in row.items():
            if column not in TEXT and not (name == "peer_seeds.csv" and column == "seed"):
                assert text == "" or math.isfinite(float(text)), (column, row)


def test_rows_keep_the_order_of_the_file_and_their_texts() -> None:
    rows = rows_of("figure6.csv")
    assert rows[0] == {"series": "shortest path", "steps": "0", "count": "25"}
    assert rows[-1] == {"series": "random walk", "steps": "inf", "count": "381"}
    assert len(rows) == 3 * 11


def test_an_empty_cell_is_no_number() -> None:
    assert number("") is None
    assert number("0") == 0
    assert number("-20.75") == -20.75
    with pytest.raises(ValueError, match="could not convert"):
        number("n/a")
