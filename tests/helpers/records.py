"""Records of a few runs as files, and what lies in a folder of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench.core.files import write_json
from bench.runs.identity import Identity

Write = Callable[..., Path]
RUNS = [Identity("test", "hopper-medium", "dense", 100.0, "bc", seed) for seed in (0, 1)]


def write_two(root: Path, write_record: Write) -> Path:
    """Write two runs below root/results, one with a sweep, and files that are not records; return
    that folder.

    Args:
        root: where `write_record` writes.
        write_record: the fixture.
    """
    for run in RUNS:
        folder = write_record(run).parent
        write_json(folder / "run.json", {"training": {"seconds": 0.5}, "host": "ä"})
        write_json(folder / "training.json", {"module": "bc"})
    write_json(folder / "sweep.json", {"returns": [1.0, -0.0, 1e-7, 3]})
    return root / "results"


def contents(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """Return path -> bytes of the files of these names below a folder."""
    found = sorted(path for path in folder.rglob("*.json") if path.name in names)
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}
