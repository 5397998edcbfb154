"""Keep a finished scale's tables and records as reference output: `python tools/reference.py quick`.

What is kept under reports/reference was made by the pipeline, never by hand; tests/test_reference.py
builds the tables again from the records beside them. A suite without its pages is left out.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ("result.json", "run.json", "sweep.json", "critic.json", "paths.json")
FORMATS = (".md", ".csv", ".png", ".gif")


def main(scale: str) -> None:
    """Copy pages and records of a scale, replacing what was kept of it before."""
    kept = ROOT / "reports" / "reference"
    records = kept / "results" / scale / "runs"
    for folder in (records, kept / scale):
        shutil.rmtree(folder, ignore_errors=True)
    for path in sorted((ROOT / "results" / scale / "runs").rglob("*.json")):
        if path.name in RECORDS:
            copy(path, records / path.relative_to(ROOT / "results" / scale / "runs"))
    for path in sorted((ROOT / "reports" / scale).rglob("*")):
        if path.suffix in FORMATS and path.stem != "partial":
            copy(path, kept / scale / path.relative_to(ROOT / "reports" / scale))


def copy(path: Path, target: Path) -> None:
    """Copy a file, making the folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, target)


if __name__ == "__main__":
    main(sys.argv[1])
