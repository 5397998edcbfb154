"""`bench export`: trained policies, data sets and records in the formats of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench.cli.parser import Arguments, Verbs
from bench.cli.values import PATH
from bench.core.printable import printable

export = Verbs("export", "write policies, data sets and records for other tools", "Records")


def _to(command: Any) -> Any:
    """Add the option that all of these commands have."""
    return click.option("--to", type=PATH, required=True, help="folder to write; it is created")(
        command
    )


@export.command(
    "records",
    does="write records as one Parquet table, with a card",
    examples=("bench export records results/quick --to exported",),
)
@click.argument("source", type=PATH)
@_to
def _records(arguments: Arguments) -> None:
    """SOURCE is results/SCALE, the folder of a run, or a file of packed records."""
    from bench.report.exports.records import export as write

    _say(write(arguments.source, arguments.to))


@export.command(
    "data",
    does="write a data set as Parquet, a row an episode, with a card",
    examples=("bench export data data/generated/hopper-medium/100000-0 --to exported",),
)
@click.argument("source", type=PATH)
@_to
def _data(arguments: Arguments) -> None:
    """SOURCE is the folder of the data set."""
    from bench.report.exports.data import export as write

    _say(write(arguments.source, arguments.to))


@export.command(
    "policy",
    does="write a trained DT as Hugging Face's DecisionTransformerModel",
    examples=("bench export policy results/quick/runs/hopper-medium/dense/100/dt/0 --to exported",),
)
@click.argument("source", type=PATH)
@_to
def _policy(arguments: Arguments) -> None:
    """SOURCE is the folder of the run."""
    from bench.report.exports.policy import export as write

    _say(write(arguments.source, arguments.to))


def _say(line: Path | str) -> None:
    print(printable(line))


COMMANDS = (export,)
