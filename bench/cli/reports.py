"""From records to tables and figures: `bench scores`, `artifact`, `claims`, `cost` and similar commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import JSON, PATH, POSITIVE, OneOf
from bench.report.artifacts.registry import ARTIFACTS

SECTION = "Tables and figures"
PLANNING = "Before it runs"
RECORDS = "results/quick/runs/*/*/*/*/*/result.json"
CONFIG = """--config "$(cat merged.json)" """

Decorator = Callable[[Any], Any]


def _merged_option() -> Decorator:
    return click.option("--config", type=JSON, required=True, help="the merged config, as JSON")


def _files_option() -> Decorator:
    return many(
        "--config",
        required=True,
        help="files such as config/desk.yaml, each laid over the one before, or the merged config as JSON",
    )


def _suite_option(about: str = "name of the suite") -> Decorator:
    return click.option("--suite", required=True, help=about)


def _scale_option() -> Decorator:
    return click.option("--scale", required=True, help="the config's name, for the notes")


def _records_option() -> Decorator:
    return many("--records", type=PATH, required=True, help="result.json files")


def _out_option(about: str) -> Decorator:
    return many("--out", type=PATH, required=True, help=about)


@click.command(
    "scores",
    cls=Verb,
    section=SECTION,
    does="collect records into one table",
    examples=(f"bench scores {CONFIG}--suite mujoco --out scores.parquet {RECORDS}",),
)
@_merged_option()
@_suite_option("suite of the records; decides the order of methods")
@click.option("--out", type=PATH, required=True, help=".parquet")
@click.argument("records", type=PATH, nargs=-1, required=True)
def _scores(arguments: Arguments) -> None:
    from bench.report import frame, scores
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    if arguments.suite not in plan.runs:
        raise ValueError(f"unknown suite {arguments.suite!r}; known: {', '.join(plan.runs)}")
    frame.write(scores.collect(arguments.records, plan, arguments.suite), arguments.out)


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
    "power",
    cls=Verb,
    section=PLANNING,
    does="say which checks of the claims a config can decide, before it runs",
    examples=("bench power --config config/desk.yaml",),
)
@_files_option()
@click.option(
    "--records",
    metavar="SCALE",
    help="take spread and cost from the packed records of this scale; default: the config's, if there are any",
)
@click.option(
    "--spread",
    type=float,
    help="assume this standard deviation over seeds for every score, in normalised points; default: that of "
    "the records, and 6 without",
)
@click.option("--power", type=float, default=0.8, help="the aim, between 0 and 1; default: 0.8")
@many("--out", type=PATH, empty=True, help="also write .md, .html, .csv")
def _power(arguments: Arguments) -> None:
    from bench.cli.configs import read_config
    from bench.report.artifact import markdown, write_artifact
    from bench.report.claims import known, power
    from bench.runs import archive
    from bench.runs.plan import make_plan

    config = read_config(arguments.config)
    plan = make_plan(config)
    if arguments.spread is not None and not arguments.spread > 0:
        raise ValueError(f"--spread must be above 0, not {arguments.spread:g}")
    packed = plan.scale if archive.archive_of(plan.scale).exists() else None
    spread = known.known_of(plan, arguments.records or packed, arguments.spread)
    table = power.make(plan, config, spread, arguments.power)
    print(markdown(table))
    write_artifact(table, arguments.out)
    if lines := power.refusals(plan, config, spread):
        print("\n".join(lines))
        raise ValueError(
            f"{len(lines)} check(s) cannot have the power that their suite asks for: see the lines above. Give the "
            "suites more seeds or data sets, or ask for less power"
        )


@click.command(
    "cost",
    cls=Verb,
    section=PLANNING,
    does="make the table of the cost of runs: time, speed, memory; with --plan, compute what a config will cost",
    examples=(
        "bench cost --plan --config config/desk.yaml --cores 2 8",
        f"bench cost --config config/config.yaml --suite mujoco --out cost.md --records {RECORDS}",
    ),
)
@_files_option()
@click.option("--suite", help="name of the suite; with --plan the default is all suites")
@many("--out", type=PATH, help=".md, .html, .csv")
@many("--records", type=PATH, help="result.json files")
@click.option(
    "--plan",
    is_flag=True,
    help="compute core-hours and wall time from the measured steps of finished runs: of the packed records and "
    "of those in --results",
)
@click.option(
    "--measure",
    is_flag=True,
    help="with --plan: train and evaluate a short run of every method that was not measured yet; its record is "
    "kept in --results as scale `costs`",
)
@many("--cores", type=POSITIVE, default=(2,), help="with --plan; default: 2")
@click.option("--results", type=PATH, default=Path("results"), help="default: results")
def _cost(arguments: Arguments) -> None:
    from bench.cli.configs import merged_config, read_config
    from bench.report import cost
    from bench.runs.plan import make_plan

    if arguments.plan:
        return _planned_cost(arguments, read_config(arguments.config))
    if arguments.measure:
        raise ValueError("--measure belongs to --plan: add --plan")
    for name in ("suite", "out", "records"):
        if not getattr(arguments, name):
            raise ValueError(f"--{name} is missing; give it, or --plan to compute a cost")
    plan = make_plan(merged_config(arguments.config))
    for path in arguments.out:
        cost.write_cost(arguments.records, plan, arguments.suite, path)


def _planned_cost(arguments: Arguments, config: dict[str, Any]) -> None:
    from bench.report import cost_measure, cost_plan, step_costs
    from bench.report.artifact import markdown, write_artifact
    from bench.runs.plan import make_plan

    plan = make_plan(config)
    if arguments.suite is not None and arguments.suite not in plan.runs:
        raise ValueError(f"unknown suite {arguments.suite!r}; known: {', '.join(plan.runs)}")
    suites = list(plan.runs) if arguments.suite is None else [arguments.suite]
    records = step_costs.read_records(arguments.results)
    if arguments.measure:
        cost_measure.measure(plan, config, records, suites, arguments.results)
        records = step_costs.read_records(arguments.results)
    table = cost_plan.make(plan, config, records, arguments.cores, suites)
    print(markdown(table))
    write_artifact(table, arguments.out)


@click.command(
    "time-to-score",
    cls=Verb,
    section=SECTION,
    does="make the table of how long runs train until they reach a score",
    examples=(
        f"bench time-to-score {CONFIG}--suite mujoco --out time-to-score.md --records {RECORDS}",
    ),
)
@_merged_option()
@_suite_option()
@_out_option(".md, .html, .csv")
@_records_option()
def _time_to_score(arguments: Arguments) -> None:
    from bench.report import time_to_score
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    time_to_score.write(arguments.records, plan, arguments.suite, arguments.out)


@click.command(
    "trials",
    cls=Verb,
    section=SECTION,
    does="make the table of the trials that choose each method's settings",
    examples=(f"bench trials {CONFIG}--suite mujoco --out trials.md --records {RECORDS}",),
)
@_merged_option()
@_suite_option()
@_out_option(".md, .html, .csv")
@_records_option()
def _trials(arguments: Arguments) -> None:
    from bench.report import trials
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
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
@_merged_option()
@_suite_option()
@click.option("--out", type=PATH, required=True, help=".md")
def _partial(arguments: Arguments) -> None:
    from bench.report.artifacts import partial
    from bench.runs.plan import make_plan

    partial.write_partial(make_plan(arguments.config), arguments.suite, arguments.out)


COMMANDS = (
    _scores,
    _artifact,
    _claims,
    _partial,
    _data_summary,
    _time_to_score,
    _trials,
    _cost,
    _power,
)
