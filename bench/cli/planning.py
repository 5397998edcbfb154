"""Before a config runs: `bench cost` and `bench power`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench.cli.configs import config_option, given_config, read_config
from bench.cli.parser import Arguments, Verb, many
from bench.cli.values import NUMBER, PATH, POSITIVE

SECTION = "Before it runs"
RECORDS = "results/quick/runs/*/*/*/*/*/result.json"


@click.command(
    "power",
    cls=Verb,
    section=SECTION,
    does="say which checks of the claims a config can decide, before it runs",
    examples=("bench power --config config/desk.yaml",),
)
@config_option()
@click.option(
    "--records",
    metavar="SCALE",
    help="take spread and cost from the packed records of this scale; default: the config's, if there are any",
)
@click.option(
    "--spread",
    type=NUMBER,
    help="assume this standard deviation over seeds for every score, in normalised points; default: that of "
    "the records, and 6 without",
)
@click.option("--power", type=NUMBER, default=0.8, help="the aim, between 0 and 1; default: 0.8")
@many("--out", type=PATH, empty=True, help="also write .md, .html, .csv")
def _power(arguments: Arguments) -> None:
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
    section=SECTION,
    does="make the table of the cost of runs: time, speed, memory; with --plan, compute what a config will cost",
    examples=(
        "bench cost --plan --config config/desk.yaml --cores 2 8",
        f"bench cost --config config/config.yaml --suite mujoco --out cost.md --records {RECORDS}",
    ),
)
@config_option()
@many("--suite", help="name of the suite; with --plan several, and the default is all suites")
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
    from bench.report import cost
    from bench.runs.plan import make_plan

    if arguments.plan:
        return _planned_cost(arguments, read_config(arguments.config))
    if arguments.measure:
        raise ValueError("--measure belongs to --plan: add --plan")
    for name in ("suite", "out", "records"):
        if not getattr(arguments, name):
            raise ValueError(f"--{name} is missing; give it, or --plan to compute a cost")
    if len(arguments.suite) > 1:
        raise ValueError("--suite: give one suite, or --plan to compute the cost of several")
    plan = make_plan(given_config(arguments.config))
    for path in arguments.out:
        cost.write_cost(arguments.records, plan, arguments.suite[0], path)


def _planned_cost(arguments: Arguments, config: dict[str, Any]) -> None:
    from bench.report import cost_measure, cost_plan, step_costs
    from bench.report.artifact import markdown, write_artifact
    from bench.runs.plan import make_plan

    plan = make_plan(config)
    if unknown := [name for name in arguments.suite if name not in plan.runs]:
        raise ValueError(f"--suite: unknown suite {unknown[0]!r}; known: {', '.join(plan.runs)}")
    suites = list(arguments.suite) or list(plan.runs)
    records = step_costs.read_records(arguments.results)
    if arguments.measure:
        cost_measure.measure(plan, config, records, suites, arguments.results)
        records = step_costs.read_records(arguments.results)
    table = cost_plan.make(plan, config, records, arguments.cores, suites)
    print(markdown(cost_plan.without_measured(table)))
    write_artifact(table, arguments.out)


COMMANDS = (_cost, _power)
