"""`bench records`: pack, unpack and check the records that the repository keeps."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

Arguments = argparse.Namespace


def add(verbs: Any) -> None:
    """Add the verbs to the parser's."""
    records = verbs.add_parser(
        "records", help="pack, unpack and check the records of a scale"
    ).add_subparsers(required=True, metavar="VERB")
    pack = records.add_parser("pack", help="put the records of a scale into one file")
    pack.add_argument("--scale", required=True, help="the config's name, for example quick")
    pack.add_argument("--results", type=Path, default=Path("results"), help="default: results")
    pack.add_argument("--out", type=Path, help="default: reports/reference/records/SCALE.jsonl.gz")
    pack.set_defaults(verb=_pack)
    unpack = records.add_parser("unpack", help="write the files of packed records")
    unpack.add_argument("--scale", required=True, help="the config's name, for example quick")
    unpack.add_argument(
        "--out", type=Path, required=True, help="folder; the records lie in its results/SCALE/runs"
    )
    unpack.set_defaults(verb=_unpack)


def _pack(arguments: Arguments) -> None:
    from bench.runs import archive

    out = arguments.out or archive.archive_of(arguments.scale)
    count = archive.pack(arguments.results / arguments.scale / "runs", out)
    print(f"{out}: {count} record files, {out.stat().st_size / 1e3:.0f} kB")


def _unpack(arguments: Arguments) -> None:
    from bench.runs import archive

    written = archive.unpack(archive.archive_of(arguments.scale), arguments.out)
    print(f"{arguments.out / 'results' / arguments.scale / 'runs'}: {len(written)} record files")
