"""From records to tables and figures: `bench scores`, `artifact`, `claims`, `cost` and similar commands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.cli.parser import command, json_object
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

    cost = command(verbs, "cost", "make the table of the cost of runs: time, speed, memory")
    cost.add_argument(
        "--config", type=json_object, required=True, help="the merged config, as JSON"
    )
    cost.add_argument("--suite", required=True, help="name of the suite")
    cost.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html")
    cost.add_argument("--records", type=Path, nargs="+", required=True, help="result.json files")
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


def _cost(arguments: Arguments) -> None:
    from bench.report import cost
    from bench.runs.plan import make_plan

    for path in arguments.out:
        cost.write_cost(arguments.records, make_plan(arguments.config), arguments.suite, path)


def _time_to_score(arguments: Arguments) -> None:
    from bench.report import time_to_score
    from bench.runs.plan import make_plan

    plan = make_plan(arguments.config)
    time_to_score.write(arguments.records, plan, arguments.suite, arguments.out)


def _partial(arguments: Arguments) -> None:
    from bench.report.artifacts import partial
    from bench.runs.plan import make_plan

    partial.write_partial(make_plan(arguments.config), arguments.suite, arguments.out)


def _data_summary(arguments: Arguments) -> None:
    from bench.report import datasets

    datasets.write([path.parent for path in arguments.data], arguments.scale, arguments.out)
