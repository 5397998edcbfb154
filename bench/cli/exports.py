"""`bench export`: trained policies, data sets and records in the formats of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.cli.parser import command
from bench.core.printable import printable

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    export = command(
        verbs, "export", "write policies, data sets and records for other tools"
    ).add_subparsers(required=True, metavar="COMMAND")
    records = command(export, "records", "write records as one Parquet table, with a card")
    records.add_argument(
        "source", type=Path, help="results/SCALE, the folder of a run, or a file of packed records"
    )
    records.set_defaults(verb=_records)
    data = command(export, "data", "write a data set as Parquet, a row an episode, with a card")
    data.add_argument("source", type=Path, help="folder of the data set")
    data.set_defaults(verb=_data)
    policy = command(
        export, "policy", "write a trained DT as Hugging Face's DecisionTransformerModel"
    )
    policy.add_argument("source", type=Path, help="folder of the run")
    policy.set_defaults(verb=_policy)
    for verb in (records, data, policy):
        verb.add_argument("--to", type=Path, required=True, help="folder to write; it is created")


def _records(arguments: Arguments) -> None:
    from bench.report.exports.records import export

    _say(export(arguments.source, arguments.to))


def _data(arguments: Arguments) -> None:
    from bench.report.exports.data import export

    _say(export(arguments.source, arguments.to))


def _policy(arguments: Arguments) -> None:
    from bench.report.exports.policy import export

    _say(export(arguments.source, arguments.to))


def _say(line: object) -> None:
    print(printable(line))
