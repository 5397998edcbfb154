"""Entries of the files of families: a table of a TOML file becomes a dataclass, or one clear error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any


class BadFamily(ValueError):
    """The file of a family cannot be used. The message names the file and the entry, and says what to do."""


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# type of a field -> whether a value of a TOML file is of it
TYPES: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": _is_whole,
    "int | None": _is_whole,
    "float": lambda value: isinstance(value, float) or _is_whole(value),
    "tuple[str, ...]": lambda value: (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    ),
}


def build(path: Path, place: str, kind: type[Any], entry: Any) -> Any:
    """Return an entry as a dataclass, after a check that every value has the type of its field.

    Args:
        path: the file, for messages.
        place: where in the file the entry is, such as `domains.hopper`.
        kind: the dataclass.
        entry: the table.

    Raises:
        BadFamily: an entry is unknown, missing or of another type.
    """
    known = {each.name: each for each in fields(kind)}
    required = {
        name
        for name, each in known.items()
        if each.default is MISSING and each.default_factory is MISSING
    }
    check_keys(path, place, entry, set(known), required)
    values = {}
    for name, value in entry.items():
        expected = str(known[name].type)
        if expected in TYPES and not TYPES[expected](value):
            raise BadFamily(f"{path}: {place}.{name} is {value!r}, expected {expected}")
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def check_keys(path: Path, place: str, entry: Any, known: set[str], required: set[str]) -> None:
    """Refuse what is not a table, has an unknown key, or lacks a required one.

    Raises:
        BadFamily: it is such an entry.
    """
    where = f"{path}: {place or 'top level'}"
    if not isinstance(entry, dict):
        what = "missing" if entry is None else f"{entry!r}, not a table"
        raise BadFamily(f"{where} is {what}; it needs {', '.join(sorted(required))}")
    if unknown := sorted(set(entry) - known):
        raise BadFamily(
            f"{where}: unknown entry {', '.join(map(repr, unknown))}; known: {', '.join(sorted(known))}"
        )
    if missing := sorted(required - set(entry)):
        raise BadFamily(f"{where}: {', '.join(map(repr, missing))} is missing")
