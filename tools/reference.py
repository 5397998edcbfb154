"""Keep a finished scale's tables and records as reference output: `python tools/reference.py quick`.

What is kept under reports/reference was made by the pipeline, never by hand; tests/test_reference.py
builds the table again from the records beside it.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("table2.md", "table2.csv", "table2.png", "cost.md")


def main(scale: str) -> None:
    """Copy pages and records of a scale, replacing what was kept of it before."""
    kept = ROOT / "reports" / "reference"
    records = kept / "results" / scale / "runs"
    shutil.rmtree(records, ignore_errors=True)
    for path in sorted((ROOT / "results" / scale / "runs").rglob("*.json")):
        if path.name in ("result.json", "run.json"):
            target = records / path.relative_to(ROOT / "results" / scale / "runs")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    for page in PAGES:
        (kept / scale).mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / "reports" / scale / "mujoco" / page, kept / scale / page)


if __name__ == "__main__":
    main(sys.argv[1])
