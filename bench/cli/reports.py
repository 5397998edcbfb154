"""From records to tables and figures: `bench scores`, `artifact`, `claims`, `cost` and their like."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.report.artifacts.registry import ARTIFACTS

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    scores = verbs.add_parser("scores", help="collect records into one table")
    scores.add_argument("--config", type=json.loads, required=True, help="JSON: the merged config")
    scores.add_argument("--suite", required=True, help="whose records; decides their order")
    scores.add_argument("--out", type=Path, required=True)
    scores.add_argument("records", type=Path, nargs="+")
    scores.set_defaults(verb=_scores)

    page = verbs.add_parser("artifact", help="a table or figure of the paper from scores")
    page.add_argument("name", choices=ARTIFACTS, metavar="NAME", help=", ".join(ARTIFACTS))
    page.add_argument("--scores", type=Path, required=True)
    page.add_argument("--scale", required=True)
    page.add_argument(
        "--out",
        type=Path,
        nargs="+",
        required=True,
        help=".md, .html, .tex, .csv: the table; .png, .svg: the figure",
    )
    page.set_defaults(verb=_artifact)

    claims = verbs.add_parser("claims", help="judge the paper's claims: the ledger")
    claims.add_argument("--scale", required=True)
    claims.add_argument("--suites", nargs="*", default=[], help="of these suites")
    claims.add_argument("--scores", type=Path, nargs="*", default=[], help="these scores")
    claims.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .csv")
    claims.set_defaults(verb=_claims)

    cost = verbs.add_parser("cost", help="what the runs cost: time, speed, memory")
    cost.add_argument("--config", type=json.loads, required=True)
    cost.add_argument("--suite", required=True)
    cost.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html")
    cost.add_argument("--records", type=Path, nargs="+", required=True)
    cost.set_defaults(verb=_cost)

    reached = verbs.add_parser("time-to-score", help="how long runs train to reach a score")
    reached.add_argument("--config", type=json.loads, required=True)
    reached.add_argument("--suite", required=True)
    reached.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .csv")
    reached.add_argument("--records", type=Path, nargs="+", required=True)
    reached.set_defaults(verb=_time_to_score)

    pages = verbs.add_parser("data-summary", help="the page of all data sets, beside D4RL's")
    pages.add_argument("--scale", required=True)
    pages.add_argument("--out", type=Path, nargs="+", required=True, help=".md, .html, .png, .svg")
    pages.add_argument("--data", type=Path, nargs="+", required=True, help="manifests")
    pages.set_defaults(verb=_data_summary)

    partial = verbs.add_parser(
        "partial", help="the table of what is there, and the names of what is not"
    )
    partial.add_argument("--config", type=json.loads, required=True)
    partial.add_argument("--suite", required=True)
    partial.add_argument("--out", type=Path, required=True)
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
            f"{len(arguments.suites)} suites but {len(arguments.scores)} files of scores; name one for each"
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
    time_to_score.write_page(arguments.records, plan, arguments.suite, arguments.out)


def _partial(arguments: Arguments) -> None:
    from bench.report.artifacts import partial
    from bench.runs.plan import make_plan

    partial.write_partial(make_plan(arguments.config), arguments.suite, arguments.out)


def _data_summary(arguments: Arguments) -> None:
    from bench.report import datasets

    datasets.write([path.parent for path in arguments.data], arguments.scale, arguments.out)
