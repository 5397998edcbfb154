"""From records to tables and figures: `bench scores`, `artifact`, `claims` and similar commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.configs import config_option, given_config
from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import PATH, OneOf, did_you_mean
from bench.report.artifacts.registry import ARTIFACTS

if TYPE_CHECKING:
    from bench.runs.plan import Plan

SECTION = "Tables and figures"
RECORDS = "results/quick/runs/*/*/*/*/*/result.json"
CONFIG = "--config config/config.yaml "

Decorator = Callable[[Any], Any]


def _suite_option(about: str = "name of the suite") -> Decorator:
    return click.option("--suite", required=True, help=about)


def _scale_option() -> Decorator:
    return click.option("--scale", required=True, help="the config's name, for the notes")


def _records_option() -> Decorator:
    return many("--records", type=PATH, required=True, help="result.json files")


def _out_option(about: str) -> Decorator:
    return many("--out", type=PATH, required=True, help=about)


def _plan_with(arguments: Arguments) -> Plan:
    """Return the plan of `--config`, which has the suite of `--suite`."""
    from bench.runs.plan import make_plan

    plan = make_plan(given_config(arguments.config))
    if arguments.suite not in plan.runs:
        near = did_you_mean(arguments.suite, plan.runs) or ";"
        raise ValueError(f"unknown suite {arguments.suite!r}{near} known: {', '.join(plan.runs)}")
    return plan


@click.command(
    "scores",
    cls=Verb,
    section=SECTION,
    does="collect records into one table",
    examples=(f"bench scores {CONFIG}--suite mujoco --out scores.parquet {RECORDS}",),
)
@config_option()
@_suite_option("suite of the records; decides the order of methods")
@click.option("--out", type=PATH, required=True, help=".parquet")
@click.argument("records", type=PATH, nargs=-1, required=True)
def _scores(arguments: Arguments) -> None:
    from bench.report import frame, scores

    plan = _plan_with(arguments)
    collected = scores.collect(arguments.records, plan, arguments.suite)
    frame.write(collected, arguments.out)
    if missing := scores.missing(collected, plan, arguments.suite):
        print(
            f"note: {missing} of {len(plan.runs[arguments.suite])} runs of suite {arguments.suite} are not among these "
            "records. Tables show what is there; verdicts of the ledger need all runs.",
            file=sys.stderr,
        )


@click.command(
    "artifact",
    cls=Verb,
    section=SECTION,
    does="make a table or a figure from scores",
    epilog="Names: " + ", ".join(ARTIFACTS),
    examples=(
        "bench artifact table2 --scores results/quick/mujoco/scores.parquet --scale quick --out table2.md table2.csv",
    ),
)
@click.argument("name", type=OneOf(list(ARTIFACTS)), metavar="NAME")
@click.option("--scores", type=PATH, required=True, help="a file of `bench scores`")
@_scale_option()
@_out_option("files to write; .md, .html, .tex, .csv: the table; .png, .svg: the figure")
def _artifact(arguments: Arguments) -> None:
    from importlib import import_module

    from bench.report import frame
    from bench.report.artifact import write_artifact

    module = import_module(f"bench.report.artifacts.{arguments.name}")
    write_artifact(module.make(frame.read(arguments.scores), arguments.scale), arguments.out)


@click.command(
    "claims",
    cls=Verb,
    section=SECTION,
    does="make the ledger: the verdicts on the claims of the paper",
    examples=(
        "bench claims --scale quick --suites mujoco --scores results/quick/mujoco/scores.parquet --out claims.md",
    ),
)
@_scale_option()
@many(
    "--suites",
    empty=True,
    required=True,
    help="names of suites; none: all claims are listed as not run",
)
@many(
    "--scores",
    type=PATH,
    empty=True,
    required=True,
    help="the scores of these suites, in the same order",
)
@_out_option(".md, .html, .csv")
def _claims(arguments: Arguments) -> None:
    from bench.report import frame
    from bench.report.artifact import write_artifact
    from bench.report.claims import ledger

    if len(arguments.suites) != len(arguments.scores):
        raise ValueError(
            f"{len(arguments.suites)} suites but {len(arguments.scores)} files of scores; give one file for each suite"
        )
    frames = {
        suite: frame.read(path)
        for suite, path in zip(arguments.suites, arguments.scores, strict=True)
    }
    write_artifact(ledger.make(frames, arguments.scale), arguments.out)


@click.command(
    "time-to-score",
    cls=Verb,
    section=SECTION,
    does="make the table of how long runs train until they reach a score",
    examples=(
        f"bench time-to-score {CONFIG}--suite mujoco --out time-to-score.md --records {RECORDS}",
    ),
)
@config_option()
@_suite_option()
@_out_option(".md, .html, .csv")
@_records_option()
def _time_to_score(arguments: Arguments) -> None:
    from bench.report import time_to_score

    plan = _plan_with(arguments)
    time_to_score.write(arguments.records, plan, arguments.suite, arguments.out)


@click.command(
    "trials",
    cls=Verb,
    section=SECTION,
    does="make the table of the trials that choose each method's settings",
    examples=(f"bench trials {CONFIG}--suite mujoco --out trials.md --records {RECORDS}",),
)
@config_option()
@_suite_option()
@_out_option(".md, .html, .csv")
@_records_option()
def _trials(arguments: Arguments) -> None:
    from bench.report import trials

    plan = _plan_with(arguments)
    trials.write(arguments.records, plan, arguments.suite, arguments.out)


@click.command(
    "data-summary",
    cls=Verb,
    section=SECTION,
    does="make the table of the data sets of a suite, beside D4RL's",
    examples=(
        "bench data-summary --scale quick --out data.md --data data/generated/hopper-medium/100000-0/manifest.json",
    ),
)
@_scale_option()
@_out_option(".md, .html, .png, .svg")
@many("--data", type=PATH, required=True, help="manifests of the data sets")
def _data_summary(arguments: Arguments) -> None:
    from bench.report import datasets

    datasets.write([path.parent for path in arguments.data], arguments.scale, arguments.out)


@click.command(
    "partial",
    cls=Verb,
    section=SECTION,
    does="make a table of the finished runs, and list the missing ones",
    examples=(f"bench partial {CONFIG}--suite mujoco --out partial.md",),
)
@config_option()
@_suite_option()
@click.option("--out", type=PATH, required=True, help=".md")
def _partial(arguments: Arguments) -> None:
    from bench.report.artifacts import partial

    partial.write_partial(_plan_with(arguments), arguments.suite, arguments.out)


@click.command(
    "scales",
    cls=Verb,
    section=SECTION,
    does="put two scales side by side: the means of each method, or the verdicts on the claims",
    epilog="A and B are folders of results, such as results/quick, or names of scales whose records are packed.",
    examples=(
        "bench scales quick results/desk",
        "bench scales quick results/desk --claims --out scales_claims.md",
    ),
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--claims", is_flag=True, help="the verdicts, of the suites that are complete")
@many("--config-a", type=PATH, help="files of A's config; default: that of the scale's name")
@many("--config-b", type=PATH, help="files of B's config; default: that of the scale's name")
@many("--out", type=PATH, help="also write .md, .html, .csv; without --claims also .png, .svg")
def _scales(arguments: Arguments) -> None:
    from bench.cli.configs import read_config
    from bench.report import finished, two_scales
    from bench.report.artifact import markdown, write_artifact
    from bench.report.claims import two_ledgers

    ends = ((arguments.first, arguments.config_a), (arguments.second, arguments.config_b))
    first, second = (
        finished.read_finished(place, read_config(files or _files_of(place)))
        for place, files in ends
    )
    table = (two_ledgers if arguments.claims else two_scales).make(first, second)
    print(markdown(table))
    write_artifact(table, list(arguments.out))


def _files_of(place: str) -> list[Path]:
    """Return the files of the config of a scale, or of a folder of results that has the scale's name.

    Raises:
        ValueError: no config has this name.
    """
    from bench.cli.configs import config_of_scale

    try:
        return config_of_scale(Path(place).name)
    except ValueError as error:
        if not Path(place).is_dir():
            raise
        raise ValueError(
            f"the folder {place} has no name of a scale, such as results/desk: give its config with --config-a or "
            f"--config-b ({error})"
        ) from error


COMMANDS = (
    _scores,
    _artifact,
    _claims,
    _partial,
    _data_summary,
    _time_to_score,
    _trials,
    _scales,
)
