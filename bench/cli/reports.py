"""From records to tables and figures: `bench scores`, `artifact`, `claims`, `cost` and similar commands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.cli.parser import command, json_object, positive
from bench.report.artifacts.registry import ARTIFACTS

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    scores = command(verbs, "scores", "collect records into one table")
    scores.add_argument(
        "--config", type=json_object, required=True, help="the merged config, as JSON"
    )
    scores.add_argument(
        "--suite", required=True, help="suite of the records; decides the order of methods"
    )
    scores.add_argument("--out", type=Path, required=True, help=".parquet")
    scores.add_argument("records", type=Path, nargs="+", help="record files")
    scores.set_defaults(verb=_scores)

    artifact = command(verbs, "artifact", "make a table or a figure from scores")
    artifact.add_argument("name", choices=ARTIFACTS, metavar="NAME", help=", ".join(ARTIFACTS))
    artifact.add_argument("--scores", type=Path, required=True, help="a file of `bench scores`")
    artifact.add_argument("--scale", required=True, help="the config's name, for the notes")
    artifact.add_argument(
        "--out",
        type=Path,
        nargs="+",
        required=True,
        help="files to write; .md, .html, .tex, .csv: the table; .png, .svg: the figure",
    )
    artifact.set_defaults(verb=_artifact)

    claims = command(verbs, "claims", "make the ledger: the verdicts on the claims of the paper")
    claims.add_argument("--scale", required=True, help="the config's name, for the notes")
    claims.add_argument("--suites", nargs="*", default=[], help="names of suites")
    claims.add_argument(
        "--scores",
        type=Path,
        nargs="*",
        default=[],
        help="the scores of these suites, in the same order",
    )
    claims.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .csv")
    claims.set_defaults(verb=_claims)

    power = command(
        verbs, "power", "say which checks of the claims a config can decide, before it runs"
    )
    power.add_argument(
        "--config",
        nargs="+",
        action="extend",
        required=True,
        help="files such as config/desk.yaml, each laid over the one before, or the merged config as JSON",
    )
    power.add_argument(
        "--records",
        metavar="SCALE",
        help="take spread and cost from the packed records of this scale; default: the config's, if there are any",
    )
    power.add_argument(
        "--spread",
        type=float,
        help="assume this standard deviation over seeds for every score, in normalised points; default: that of "
        "the records, and 6 without",
    )
    power.add_argument(
        "--power", type=float, default=0.8, help="the aim, between 0 and 1; default: 0.8"
    )
    power.add_argument(
        "--out", type=Path, nargs="*", default=[], help="also write .md, .html, .csv"
    )
    power.set_defaults(verb=_power)

    cost = command(
        verbs,
        "cost",
        "make the table of the cost of runs: time, speed, memory; with --plan, "
        "compute what a config will cost",
    )
    cost.add_argument(
        "--config",
        nargs="+",
        action="extend",
        required=True,
        help="files such as config/desk.yaml, each laid over the one before, or the merged config as JSON",
    )
    cost.add_argument("--suite", help="name of the suite; with --plan the default is all suites")
    cost.add_argument("--out", type=Path, nargs="+", default=[], help=".md, .html, .csv")
    cost.add_argument("--records", type=Path, nargs="+", default=[], help="result.json files")
    cost.add_argument(
        "--plan",
        action="store_true",
        help="compute core-hours and wall time from the measured steps of finished runs: of the packed records and "
        "of those in --results",
    )
    cost.add_argument(
        "--measure",
        action="store_true",
        help="with --plan: train and evaluate a short run of every method that was not measured yet; its record is "
        "kept in --results as scale `costs`",
    )
    cost.add_argument(
        "--cores", type=positive, nargs="+", default=[2], help="with --plan; default: 2"
    )
    cost.add_argument("--results", type=Path, default=Path("results"), help="default: results")
    cost.set_defaults(verb=_cost)

    timed = command(
        verbs, "time-to-score", "make the table of how long runs train until they reach a score"
    )
    timed.add_argument(
        "--config", type=json_object, required=True, help="the merged config, as JSON"
    )
    timed.add_argument("--suite", required=True, help="name of the suite")
    timed.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .csv")
    timed.add_argument("--records", type=Path, nargs="+", required=True, help="result.json files")
    timed.set_defaults(verb=_time_to_score)

    trials = command(
        verbs, "trials", "make the table of the trials that choose each method's settings"
    )
    trials.add_argument(
        "--config", type=json_object, required=True, help="the merged config, as JSON"
    )
    trials.add_argument("--suite", required=True, help="name of the suite")
    trials.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .csv")
    trials.add_argument("--records", type=Path, nargs="+", required=True, help="result.json files")
    trials.set_defaults(verb=_trials)

    summary = command(
        verbs, "data-summary", "make the table of the data sets of a suite, beside D4RL's"
    )
    summary.add_argument("--scale", required=True, help="the config's name, for the notes")
    summary.add_argument(
        "--out", type=Path, nargs="+", required=True, help=".md, .html, .png, .svg"
    )
    summary.add_argument(
        "--data", type=Path, nargs="+", required=True, help="manifests of the data sets"
    )
    summary.set_defaults(verb=_data_summary)

    partial = command(
        verbs, "partial", "make a table of the finished runs, and list the missing ones"
    )
    partial.add_argument(
        "--config", type=json_object, required=True, help="the merged config, as JSON"
    )
    partial.add_argument("--suite", required=True, help="name of the suite")
    partial.add_argument("--out", type=Path, required=True, help=".md")
    partial.set_defaults(verb=_partial)


def _scores(arguments: Arguments) -> None:
    from bench.report import frame, scores
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    if arguments.suite not in plan.runs:
        raise ValueError(f"unknown suite {arguments.suite!r}; known: {', '.join(plan.runs)}")
    frame.write(scores.collect(arguments.records, plan, arguments.suite), arguments.out)


def _artifact(arguments: Arguments) -> None:
    from importlib import import_module

    from bench.report import frame
    from bench.report.artifact import write_artifact

    module = import_module(f"bench.report.artifacts.{arguments.name}")
    write_artifact(module.make(frame.read(arguments.scores), arguments.scale), arguments.out)


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


def _time_to_score(arguments: Arguments) -> None:
    from bench.report import time_to_score
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    time_to_score.write(arguments.records, plan, arguments.suite, arguments.out)


def _trials(arguments: Arguments) -> None:
    from bench.report import trials
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    trials.write(arguments.records, plan, arguments.suite, arguments.out)


def _partial(arguments: Arguments) -> None:
    from bench.report.artifacts import partial
    from bench.runs.plan import make_plan

    partial.write_partial(make_plan(arguments.config), arguments.suite, arguments.out)


def _data_summary(arguments: Arguments) -> None:
    from bench.report import datasets

    datasets.write([path.parent for path in arguments.data], arguments.scale, arguments.out)
