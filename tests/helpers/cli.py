"""Verbs of the command `bench`, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main

RUN = Path("results/test/runs/hopper-medium/dense/100/bc/0")


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a verb that must fail; return its one line."""
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]


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
