"""`bench records`: pack, unpack and check the records in the repository; `bench reproduce`: train and
evaluate the runs of records again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.cli.parser import command, json_object
from bench.core.printable import printable

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add these commands to the parser."""
    records = command(
        verbs, "records", "pack, unpack and check the records of a scale"
    ).add_subparsers(required=True, metavar="COMMAND")
    pack = command(records, "pack", "put the records of a scale into one file")
    pack.add_argument("--scale", required=True, help="the config's name, for example quick")
    pack.add_argument("--results", type=Path, default=Path("results"), help="default: results")
    pack.add_argument("--out", type=Path, help="default: reports/reference/records/SCALE.jsonl.gz")
    pack.add_argument(
        "--add",
        action="store_true",
        help="keep the packed runs that are not in --results: a scale that runs in parts",
    )
    pack.set_defaults(verb=_pack)
    unpack = command(records, "unpack", "write the files of packed records")
    unpack.add_argument("--scale", required=True, help="the config's name, for example quick")
    unpack.add_argument(
        "--out",
        type=Path,
        required=True,
        help="a folder; the records are written to its results/SCALE/runs",
    )
    unpack.set_defaults(verb=_unpack)
    check = command(
        records, "check", "name every packed record that was not made by the current code"
    )
    check.add_argument("--scale", nargs="*", help="names of scales; default: all packed ones")
    check.add_argument("--strict", action="store_true", help="fail if there is such a record")
    check.set_defaults(verb=_check)
    missing = command(
        records, "missing", "name the records of a config that are not packed, or not valid"
    )
    missing.add_argument(
        "--config",
        type=Path,
        nargs="+",
        action="extend",
        required=True,
        help="files such as config/desk.yaml, each laid over the one before",
    )
    missing.add_argument("--suite", nargs="*", help="only the records of the runs of these suites")
    missing.add_argument("--why", action="store_true", help="print the reason beside each path")
    missing.set_defaults(verb=_missing)
    again = command(
        verbs, "reproduce", "train and evaluate the runs of records again, and compare the results"
    )
    again.add_argument(
        "records",
        nargs="+",
        metavar="RECORD",
        help="a result.json, or a packed record such as quick:hopper-medium/dense/100/bc/0",
    )
    again.add_argument("--work", type=Path, help="folder for the runs; default: a temporary one")
    again.add_argument(
        "--data", type=Path, default=Path("data"), help="folder of the data sets; default: data"
    )
    again.add_argument(
        "--link",
        type=json_object,
        metavar="CONFIG",
        help="a merged config, as JSON. If all results are equal, and the records cover every method and kind of "
        "data of this config, link the current code to the code of the records",
    )
    again.set_defaults(verb=_reproduce)


def _pack(arguments: Arguments) -> None:
    from bench.runs import archive

    out = arguments.out or archive.archive_of(arguments.scale)
    count = archive.pack(arguments.results / arguments.scale / "runs", out, arguments.add)
    print(f"{out}: {count} record files, {out.stat().st_size / 1e3:.0f} kB")


def _unpack(arguments: Arguments) -> None:
    from bench.runs import archive

    written = archive.unpack(archive.archive_of(arguments.scale), arguments.out)
    print(f"{arguments.out / 'results' / arguments.scale / 'runs'}: {len(written)} record files")


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


def _reproduce(arguments: Arguments) -> None:
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
