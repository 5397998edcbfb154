"""The records of a scale in one file: JSON lines, compressed with gzip, one line for each record file.

A line is `{"path": ..., "content": ...}`: the path of the file (`results/SCALE/runs/...`) and its content.
Unpacking writes the original bytes. The packed file holds no time stamp and no name, so packing equal
records gives equal bytes.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import Any

from bench.core.code import ROOT
from bench.core.files import DamagedFile, json_text, read_json, replacing, write_text
from bench.runs.clock import CLOCK
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT, SWEEP

ARCHIVES = ROOT / "reports" / "reference" / "records"
SUFFIX = ".jsonl.gz"
MAX_BYTES = 5_000_000  # larger files do not belong in the repository


def record_names() -> tuple[str, ...]:
    """Return the names of the files of a run that are packed: its records, and its times and host."""
    return (RESULT, SWEEP, *(diagnostic.record for diagnostic in DIAGNOSTICS.values()), CLOCK)


def archive_of(scale: str) -> Path:
    """Return the path of a scale's packed records."""
    return ARCHIVES / f"{scale}{SUFFIX}"


def scales() -> list[str]:
    """Return the scales whose records are packed."""
    return sorted(path.name.removesuffix(SUFFIX) for path in ARCHIVES.glob(f"*{SUFFIX}"))


def pack(runs: Path, archive: Path, add: bool = False) -> int:
    """Pack the record files of a scale.

    Args:
        runs: folder `results/SCALE/runs`.
        archive: the file to write.
        add: also keep the runs that the archive has and the folder has not. Of a run in both, the files
            of the folder are packed.

    Returns:
        The number of packed files.

    Raises:
        FileNotFoundError: there are no record files.
        DamagedFile: a file was not written by this suite, or the archive is damaged.
        ValueError: the packed file would be too large for the repository; nothing is written.
    """
    results = runs.parents[1]
    paths = sorted(path for path in runs.rglob("*.json") if path.name in record_names())
    if not paths:
        raise FileNotFoundError(f"{runs} holds no records; run the scale first")
    files: dict[str, Any] = {}
    for path in paths:
        content = read_json(path)
        if json_text(content) != path.read_text(encoding="utf-8"):
            raise DamagedFile(
                f"{path} was not written by this suite (its layout differs); delete it and run again"
            )
        name = PurePosixPath("results", *path.relative_to(results).parts)
        files[str(name)] = content
    if add and archive.exists():
        here = {str(PurePosixPath(name).parent) for name in files}
        before = read(archive).items()
        files |= {
            name: content for name, content in before if str(PurePosixPath(name).parent) not in here
        }
    lines = [_line(name, files[name]) for name in sorted(files, key=PurePosixPath)]
    packed = gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0)
    if len(packed) > MAX_BYTES:
        raise ValueError(
            f"the records of {runs} take {len(packed) / 1e6:.1f} MB when packed; at most "
            f"{MAX_BYTES / 1e6:g} MB belong in the repository"
        )
    with replacing(archive) as temporary:
        temporary.write_bytes(packed)
    return len(files)


def read(archive: Path, names: Collection[str] | None = None) -> dict[str, Any]:
    """Return path -> content of the record files in an archive, in the order of their paths.

    Args:
        archive: the packed file.
        names: names of the files that are wanted, such as result.json; None: all. The others are not parsed,
            which is several times as fast where there are records of diagnostics.

    Raises:
        FileNotFoundError: there is no such archive.
        DamagedFile: it is damaged.
    """
    if not archive.exists():
        raise FileNotFoundError(
            f"no packed records at {archive}; there are: {', '.join(scales()) or 'none'}"
        )
    try:
        text = gzip.decompress(archive.read_bytes()).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _damaged(archive, f"not a gzip file: {error}") from error
    files: dict[str, Any] = {}
    ends = tuple(f'/{name}"}}' for name in names or ())
    for number, line in enumerate(text.splitlines(), start=1):
        if names is not None and not line.endswith(ends):
            continue
        try:
            entry = json.loads(line)
            path, content = PurePosixPath(entry["path"]), entry["content"]
        except (ValueError, KeyError, TypeError) as error:
            raise _damaged(archive, f"line {number} is not a record: {error}") from error
        if path.is_absolute() or ".." in path.parts or path.suffix != ".json":
            raise _damaged(
                archive, f"line {number} names {path}, which is not the path of a record"
            )
        files[str(path)] = content
    if not files and names is None:
        raise _damaged(archive, "it is empty")
    return files


def records_in(archive: Path) -> list[str]:
    """Return the paths of the records in an archive, without the files of times and hosts."""
    return [path for path in read(archive) if PurePosixPath(path).name != CLOCK]


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Write the record files of an archive to a folder, with their original bytes.

    Returns:
        The paths of the files.

    Raises:
        FileNotFoundError: there is no such archive.
        DamagedFile: it is damaged.
    """
    written = []
    for name, content in read(archive).items():
        write_text(folder / name, json_text(content))
        written.append(folder / name)
    return written


def _line(path: str, content: Any) -> str:
    entry = {"path": path, "content": content}
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _damaged(archive: Path, reason: str) -> DamagedFile:
    return DamagedFile(
        f"{archive} is damaged ({reason}); restore it with `git checkout -- {archive.name}` "
        "in its folder, or pack the records again"
    )
