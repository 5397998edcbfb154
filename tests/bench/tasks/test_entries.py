"""Entries of the files of families."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.tasks.entries import BadFamily, build, check_keys

FILE = Path("mine.toml")


@dataclass(frozen=True)
class Thing:
    name: str
    size: int
    weight: float = 1.0
    parts: tuple[str, ...] = ()
    steps: int | None = None


def test_a_table_becomes_a_dataclass() -> None:
    entry = {"name": "a", "size": 2, "weight": 3, "parts": ["x", "y"]}
    assert build(FILE, "things.a", Thing, entry) == Thing("a", 2, 3, ("x", "y"))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (None, "is missing; it needs name, size"),
        (["a"], "not a table; it needs name, size"),
        ({"name": "a"}, "'size' is missing"),
        ({"name": "a", "size": 2, "sise": 3}, "unknown entry 'sise'; known: name, parts, size"),
        ({"name": 1, "size": 2}, r"things\.a\.name is 1, expected str"),
        ({"name": "a", "size": True}, "size is True, expected int"),
        ({"name": "a", "size": 2.0}, "size is 2.0, expected int"),
        ({"name": "a", "size": 2, "parts": ["x", 1]}, r"parts is \['x', 1\], expected tuple"),
        ({"name": "a", "size": 2, "weight": "3"}, "weight is '3', expected float"),
    ],
)
def test_a_bad_entry_is_named(entry: Any, message: str) -> None:
    with pytest.raises(BadFamily, match=message) as error:
        build(FILE, "things.a", Thing, entry)
    assert str(error.value).startswith("mine.toml: things.a")


def test_without_a_place_the_message_names_the_top_level() -> None:
    with pytest.raises(BadFamily, match=r"mine\.toml: top level: 'kinds' is missing"):
        check_keys(FILE, "", {}, {"kinds"}, {"kinds"})
