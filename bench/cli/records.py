"""`bench records`: pack, unpack and check the records in the repository; `bench reproduce`: train and
evaluate the runs of records again.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click

from bench.cli.configs import is_config
from bench.cli.parser import Arguments, Verb, Verbs, many
from bench.cli.values import JSON, PATH
from bench.core.printable import printable

SECTION = "Records"
records = Verbs("records", "pack, unpack and check the records of a scale", SECTION)


@records.command(
    "pack",
    does="put the records of a scale into one file",
    examples=("bench records pack --scale mine --out mine.jsonl.gz",),
)
@click.option("--scale", required=True, help="the config's name, for example quick")
@click.option("--results", type=PATH, default=Path("results"), help="default: results")
@click.option("--out", type=PATH, help="default: reports/reference/records/SCALE.jsonl.gz")
@click.option(
    "--add",
    is_flag=True,
    help="keep the packed runs that are not in --results: a scale that runs in parts",
)
def _pack(arguments: Arguments) -> None:
    from bench.runs import archive

    out = arguments.out or archive.archive_of(arguments.scale)
    count = archive.pack(arguments.results / arguments.scale / "runs", out, arguments.add)
    print(f"{out}: {count} record files, {out.stat().st_size / 1e3:.0f} kB")


@records.command(
    "unpack",
    does="write the files of packed records",
    examples=("bench records unpack --scale quick --out elsewhere",),
)
@click.option("--scale", required=True, help="the config's name, for example quick")
@click.option(
    "--out",
    type=PATH,
    required=True,
    help="a folder; the records are written to its results/SCALE/runs",
)
def _unpack(arguments: Arguments) -> None:
    from bench.runs import archive

    written = archive.unpack(archive.archive_of(arguments.scale), arguments.out)
    print(f"{arguments.out / 'results' / arguments.scale / 'runs'}: {len(written)} record files")


@records.command(
    "check",
    does="name every packed record that was not made by the current code",
    examples=("bench records check --strict --scale quick trials",),
)
@many("--scale", empty=True, help="names of scales; default: all packed ones")
@click.option("--strict", is_flag=True, help="fail if there is such a record")
def _check(arguments: Arguments) -> None:
    from bench.runs import archive
    from bench.runs.check import stale

    total = old = 0
    for packed in map(archive.archive_of, arguments.scale or archive.scales()):
        found, records = stale(packed), archive.records_in(packed)
        total, old = total + len(records), old + len(found)
        for path, reason in found.items():
            print(printable(f"{path}: {reason}"))
    summary = f"{old} of {total} records were not made by the current code"
    if old and arguments.strict:
        raise ValueError(f"{summary}; run them again, or link the code (docs/reproduction.md)")
    print(summary)


@records.command(
    "missing",
    does="name the records of a config that are not packed, or not valid",
    examples=("bench records missing --config config/desk.yaml --suite mujoco",),
)
@many(
    "--config",
    type=PATH,
    required=True,
    help="files such as config/desk.yaml, each laid over the one before",
)
@many("--suite", help="only the records of the runs of these suites")
@click.option("--why", is_flag=True, help="print the reason beside each path")
def _missing(arguments: Arguments) -> None:
    from bench.cli.configs import read_config
    from bench.runs import archive, links
    from bench.runs.missing import missing
    from bench.runs.plan import make_plan

    config = read_config(arguments.config)
    plan = make_plan(config)
    if unknown := [name for name in arguments.suite or [] if name not in plan.runs]:
        raise ValueError(f"--suite: unknown suite {unknown[0]!r}; known: {', '.join(plan.runs)}")
    packed = archive.archive_of(plan.scale)
    files = archive.read(packed) if packed.exists() else {}
    found = missing(config, plan, files, links.read())
    # a run of these suites with all of its records, also those that other suites ask of it: its policy is made once
    folders = {run.folder() for suite in arguments.suite or plan.runs for run in plan.runs[suite]}
    every = dict.fromkeys(path for suite in plan.runs for path in plan.records(suite))
    wanted = [path for path in every if path.parent in folders]
    for path in wanted:
        if path in found:
            print(f"{path}: {found[path]}" if arguments.why else path)
    count = sum(path in found for path in wanted)
    print(f"{count} of {len(wanted)} records are missing", file=sys.stderr)


@click.command(
    "reproduce",
    cls=Verb,
    section=SECTION,
    does="train and evaluate the runs of records again, and compare the results",
    examples=(
        "bench reproduce quick:hopper-medium/dense/100/bc/0",
        "bench reproduce results/quick/runs/hopper-medium/dense/100/bc/0/result.json",
    ),
)
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@click.option("--work", type=PATH, help="folder for the runs; default: a temporary one")
@click.option(
    "--data", type=PATH, default=Path("data"), help="folder of the data sets; default: data"
)
@click.option(
    "--link",
    type=JSON,
    metavar="CONFIG",
    help="a merged config, as JSON. If all results are equal, and the records cover every method and kind of "
    "data of this config, link the current code to the code of the records",
)
def _reproduce(arguments: Arguments) -> None:
    """Run records again: a RECORD is a result.json, or a packed one such as quick:TASK/REWARD/PERCENT/METHOD/SEED."""
    from bench.runs import reproduce
    from bench.runs.linking import link
    from bench.runs.plan import make_plan

    records = [reproduce.find(name) for name in arguments.records]
    done = []
    with ExitStack() as stack:
        work = arguments.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for record, outcome in reproduce.reproduce_all(records, work, arguments.data):
            print(printable(f"{outcome.outcome}: {record.name}: {outcome.text}"), flush=True)
            done.append((record, outcome))
    wrong = [pair for pair in done if pair[1].outcome not in ("equal", "close")]
    if wrong:
        record, outcome = wrong[0]
        raise reproduce.NotReproduced(
            f"{len(wrong)} of {len(done)} records were not reproduced; the first is {record.name}: {outcome.text}"
        )
    equal = sum(outcome.outcome == "equal" for _, outcome in done)
    print(
        f"{len(done)} of {len(done)} records were reproduced: {equal} byte for byte, "
        f"{len(done) - equal} in their first losses"
    )
    if arguments.link is not None:
        added = link(done, make_plan(arguments.link))
        print(f"{added} fingerprints of the current code are linked to those of the records")


@click.command(
    "compare",
    cls=Verb,
    section=SECTION,
    does="say whether a change moved any score: two sets of records of one scale, run by run",
    epilog="A and B are folders of results, files of packed records, or names of scales whose records are packed.",
    examples=(
        "bench compare quick results/quick",
        "bench compare before.jsonl.gz results/mine --config config/mine.yaml --out change.md change.csv",
    ),
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@many(
    "--config",
    type=PATH,
    more=is_config,
    help="files of the config, for its suites; default: that of the scale",
)
@many("--out", type=PATH, help="also write .md, .html, .csv")
def _compare(arguments: Arguments) -> None:
    from bench.cli.configs import config_of_scale, read_config
    from bench.report import changes
    from bench.report.artifact import markdown, write_artifact
    from bench.runs.plan import make_plan

    before, after = changes.read_set(arguments.before), changes.read_set(arguments.after)
    try:
        files = arguments.config or config_of_scale(after.scale)
    except ValueError:  # a scale of the user's, whose file is not known
        files = []
    suites = {}
    if files:
        suites = {
            suite: {(run.task, run.reward, run.data_percent, run.method) for run in runs}
            for suite, runs in make_plan(read_config(files)).runs.items()
        }
    table = changes.make(before, after, suites)
    print(markdown(table))
    write_artifact(table, list(arguments.out))


COMMANDS = (records, _reproduce, _compare)
