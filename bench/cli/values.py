"""The values of options: each kind is a function that reads a text, and a type of click that calls it."""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from bench.runs.identity import LARGEST


class Value(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.2
    """A kind of value: a function that reads a text, and raises ValueError with what is wrong with it."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        """Name the kind, as help shows it."""
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the value of a text; a default that is no text is returned as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class OneOf(click.Choice):  # type: ignore[type-arg]
    """One of some words. An error names them all, and the nearest one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word."""
        if value not in self.choices:
            known = ", ".join(map(repr, self.choices))
            near = did_you_mean(str(value), self.choices)
            self.fail(f"invalid choice: {value!r} (choose from {known}){near}", param, ctx)
        return str(value)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'X'?` with the known words that are like this one; empty if there are none."""
    near = get_close_matches(word, list(known), n=3)
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""


def positive(text: str) -> int:
    """Return the value of an option as a whole number above 0.

    Raises:
        ValueError: the text is not such a number.
    """
    return _whole(text, 1, "a whole number above 0")


def not_negative(text: str) -> int:
    """Return the value of an option as a whole number, 0 or above.

    Raises:
        ValueError: the text is not such a number.
    """
    return _whole(text, 0, "a whole number, 0 or above")


def _whole(text: str, low: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 400 and int(text) >= low):
        raise ValueError(f"{text[:60]!r} is not {what}")
    if int(text) > LARGEST:
        raise ValueError(f"{text[:60]!r} is too large; the largest is {LARGEST}")
    return int(text)


def number(text: str) -> float:
    """Return the value of an option as a finite number.

    Raises:
        ValueError: the text is not such a number.
    """
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)):
            return value
    raise ValueError(f"{text[:60]!r} is not a finite number")


def fraction(text: str) -> float:
    """Return the value of an option as a number above 0, 1 at most.

    Raises:
        ValueError: the text is not such a number.
    """
    return _between(text, 0, 1, "a number above 0, and 1 at most")


def minutes(text: str) -> float:
    """Return the value of an option as a time in minutes, a year at most.

    Raises:
        ValueError: the text is not such a time.
    """
    return _between(text, 0, 366 * 24 * 60, "a number of minutes above 0, a year at most")


def _between(text: str, low: float, high: float, what: str) -> float:
    with contextlib.suppress(ValueError):
        if low < (value := float(text)) <= high:
            return value
    raise ValueError(f"{text!r} is not {what}")


def device(text: str) -> str:
    """Return the value of an option as the name of a torch device.

    Raises:
        ValueError: the text is not such a name.
    """
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", text):
        raise ValueError(f"{text!r} is not cpu, cuda or cuda:N")
    return text


def environment_module(text: str) -> str:
    """Return the value of an option as the name of a Python module, and let this process import it for its
    environments.

    Raises:
        ValueError: the text is not such a name.
    """
    from bench.environments.modules import allow

    allow(text)
    return text


def json_object(text: str) -> dict[str, Any]:
    """Return the value of an option as a JSON object.

    Raises:
        ValueError: the text is something else.
    """
    try:
        value = json.loads(text, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{text[:200]!r} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"{text!r} is not a JSON object, such as '{{\"width\": 64}}'")
    return value


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")


PATH = click.Path(path_type=Path)
POSITIVE = Value("number", positive)
NOT_NEGATIVE = Value("number", not_negative)
NUMBER = Value("number", number)
FRACTION = Value("fraction", fraction)
MINUTES = Value("minutes", minutes)
DEVICE = Value("device", device)
MODULE = Value("module", environment_module)
JSON = Value("json", json_object)
