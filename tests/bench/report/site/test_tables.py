"""Tables are read back from the Markdown that the suite writes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.report.artifact import Artifact, write_artifact
from bench.report.site.tables import Grid, parse, read, sort_key
from tests.helpers.site import HOSTILE


def test_what_was_written_is_read(tmp_path: Path) -> None:
    body = [["hopper", "57.3 [50.1, 64.5]"], [HOSTILE, "a](b)"]]
    made = Artifact(
        "A title.", ["Data", HOSTILE], body, ["One note | two", "`code`"], pd.DataFrame()
    )
    write_artifact(made, [tmp_path / "table.md"])
    assert read(tmp_path / "table.md") == Grid(
        "A title.", ["Data", HOSTILE], body, ["One note | two", "`code`"]
    )


def test_a_text_without_a_table_is_a_title_and_notes() -> None:
    assert parse("Nothing here.\n\n- a note\n") == Grid("Nothing here.", [], [], ["a note"])
    assert parse("") == Grid("", [], [], [])


def test_a_short_row_is_filled_and_a_long_one_cut() -> None:
    text = "| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n"
    assert parse(text).rows == [["1", ""], ["1", "2"]]


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("57.3 [50.1, 64.5]", "57.3"),
        ("1,300", "1300"),
        ("-0.1", "-0.1"),
        ("−3.5 [−4.0, −3.0]", "-3.5"),
        ("> 37", "37"),
        ("at most 2.3", "2.3"),
        ("86.8 ± 1.3", "86.8"),
        ("3 core-seconds", "3"),
        ("10%BC", ""),
        ("1K random trajectories", "1"),
        ("—", ""),
        ("DT", ""),
        ("", ""),
    ],
)
def test_the_number_that_a_cell_is_sorted_by(cell: str, key: str) -> None:
    assert sort_key(cell) == key
