"""Verbs of the command `bench`, and how they fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import commands, main
from bench.cli.parser import Arguments, Verb

RUN = Path("results/test/runs/hopper-medium/dense/100/bc/0")


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a verb that must fail; return its one line."""
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]


@dataclass(frozen=True)
class Parsed:
    """A command and the values of its options, by name."""

    verb: Verb
    values: dict[str, Any]


def parsed(words: Sequence[str]) -> Parsed:
    """Parse the words of a command without running it."""

    def keep(verb: Verb, arguments: Arguments) -> Parsed:
        return Parsed(verb, vars(arguments))

    with commands().make_context("bench", list(words), obj=keep) as context:
        found = context.command.invoke(context)
    assert isinstance(found, Parsed)
    return found


def train(data: Path | str, run: Path = RUN, module: str = "bc", options: str = "{}") -> list[str]:
    return [
        "train",
        *("--run", str(run)),
        *("--data", str(data)),
        *("--module", module),
        *("--options", options),
        *("--steps", "1"),
    ]


def raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*arguments: Any) -> None:
        raise error

    return raise_it
