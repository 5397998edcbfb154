"""`bench results`: which data sets and results of a config are valid here, and hand them to Snakemake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from bench.cli.configs import DEFAULT, read_config
from bench.cli.parser import Arguments, Verbs, many
from bench.cli.values import PATH
from bench.core.printable import printable

results = Verbs(
    "results", "check results that were copied here, and hand them to Snakemake", "The pipeline"
)


def _config_option() -> Callable[[Any], Any]:
    return many(
        "--config",
        type=PATH,
        help=f"files of the config, as after --configfile; default: {DEFAULT}",
    )


@results.command(
    "check",
    does="say which data sets and results of a config are valid, and why others are not",
    examples=("bench results check --config config/desk.yaml",),
)
@_config_option()
def _check(arguments: Arguments) -> None:
    _results(arguments, handed=False)


@results.command(
    "adopt",
    does="check as `check` does, and hand what is valid to Snakemake, so that it is not made again",
    examples=("bench results adopt --config config/desk.yaml",),
)
@_config_option()
def _adopt(arguments: Arguments) -> None:
    _results(arguments, handed=True)


def _results(arguments: Arguments, handed: bool) -> None:
    from bench.runs.adoption import adopt, imported
    from bench.runs.plan import make_plan
    from bench.runs.validity import verdicts

    files = [path for path in arguments.config or [] if path != DEFAULT]
    config = read_config(files or [DEFAULT])
    found = []
    for one in verdicts(config, make_plan(config)):
        found.append(one)
        if one.exists and one.reason:
            print(printable(f"{one.path}: {one.reason}"), flush=True)
    counts = Counter((one.kind, one.reason is None) for one in found if one.exists)
    for kind in ("data", "training", "record"):
        valid, invalid = counts[kind, True], counts[kind, False]
        whole = sum(one.kind == kind for one in found)
        print(
            f"{kind}: {valid} of {whole} valid, {invalid} not valid, {whole - valid - invalid} missing"
        )
    lost = [str(one.path.parent) for one in found if imported(one) and one.reason]
    if handed:
        adopt(found, files)
        print("handed to Snakemake; the next start makes the rest")
    if lost:
        raise ValueError(
            f"no rule makes {', '.join(lost)}, which you imported: import it again (`bench data import`)"
        )
    if not handed and any(one.exists and one.reason for one in found):
        raise ValueError(
            "something is not valid: see the lines above. `bench results adopt` has it made again"
        )


COMMANDS = (results,)
