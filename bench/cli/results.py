"""`bench results`: which data sets and results of a config are valid here, and hand them to Snakemake."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from bench.cli.configs import DEFAULT, read_config
from bench.cli.parser import command
from bench.core.printable import printable

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    results = command(
        verbs, "results", "check results that were copied here, and hand them to Snakemake"
    ).add_subparsers(required=True, metavar="COMMAND")
    check = command(
        results,
        "check",
        "say which data sets and results of a config are valid, and why others are not",
    )
    adopt = command(
        results,
        "adopt",
        "the same, and hand what is valid to Snakemake, so that it is not made again",
    )
    for verb, handed in ((check, False), (adopt, True)):
        verb.add_argument(
            "--config", type=Path, default=DEFAULT, help=f"file of the config; default: {DEFAULT}"
        )
        verb.set_defaults(verb=_results, adopt=handed)


def _results(arguments: Arguments) -> None:
    from bench.runs.adoption import adopt
    from bench.runs.plan import make_plan
    from bench.runs.validity import verdicts

    config = read_config(str(arguments.config))
    found = []
    for one in verdicts(config, make_plan(config)):
        found.append(one)
        if one.exists and one.reason:
            print(printable(f"{one.path}: {one.reason}"), flush=True)
    counts = Counter((one.kind, one.reason is None) for one in found if one.exists)
    for kind in ("data", "training", "record"):
        valid, whole = counts[kind, True], sum(one.kind == kind for one in found)
        print(f"{kind}: {valid} of {whole} valid, {counts[kind, False]} not valid")
    if arguments.adopt:
        own = None if arguments.config == DEFAULT else arguments.config
        adopt(found, own)
        print("handed to Snakemake; the next start makes the rest")
