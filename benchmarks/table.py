"""Make a table of ratios from the JSON files of pytest-benchmark.

`python benchmarks/table.py RAW FOLDER` reads the files in RAW, prints the table, and writes ratios.md and ratios.csv to
FOLDER.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any

import pandas as pd

# group -> (subject, divisor, largest allowed ratio). Without a divisor, the bound is in seconds. Without a bound, the
# ratio is only shown
GOALS = {
    "DT training step, paper's size": [
        ("ours bfloat16", "Hugging Face float32", 0.32),
        ("ours float32", "Hugging Face float32", 0.65),
        ("ours bfloat16", "d3rlpy float32", None),
        ("ours bfloat16", "d3rlpy float32, its defaults", 0.12),
        ("ours, sampling alone", "ours bfloat16", 0.01),
    ],
    "20 decisions of DT, paper's size, full context": [
        ("ours bfloat16", "Hugging Face float32", None),
        ("ours float32", "Hugging Face float32", None),
    ],
    "evaluation of 100 Hopper episodes, DT of the paper's size": [
        ("ours bfloat16, all at once", "Hugging Face float32, one at a time", 0.2),
        ("ours float32, all at once", "Hugging Face float32, one at a time", None),
    ],
    "CQL training step, d3rlpy's size": [
        ("ours float32", "d3rlpy float32", None),
        ("ours bfloat16", "d3rlpy float32", None),
    ],
    "CQL training step, the suite's size": [
        ("ours float32", "d3rlpy float32", 0.6),
        ("ours bfloat16", "d3rlpy float32", None),
    ],
    "discrete CQL training step": [("ours float32", "d3rlpy float32", None)],
    "DT training step on images, Table 8's network, batch of 32": [
        ("ours bfloat16", "d3rlpy float32", None),
        ("ours float32", "d3rlpy float32", None),
    ],
    "CQL training step on images, d3rlpy's settings": [
        ("ours bfloat16", "d3rlpy float32", None),
        ("ours float32", "d3rlpy float32", None),
    ],
    "four equal DT trainings": [("2", "1", 1 / 1.9)],
    "start-up": [
        ("test_help", None, 0.3),
        ("test_status", None, 2.0),
        ("plan of all_mujoco", None, 3.0),
        ("plan of the whole paper", None, 10.0),
        ("dt", None, 3.0),
        ("bc", None, 3.0),
        ("percent_bc", None, 3.0),
        ("cql", None, 3.0),
    ],
}


def subject_of(benchmark: dict[str, Any]) -> str:
    """Return the subject of a benchmark: its parameters, or else its name."""
    return benchmark["param"] or benchmark["name"]


def ratios(benchmarks: list[dict[str, Any]]) -> pd.DataFrame:
    """Return a row for each goal whose subjects were measured: the medians, their ratio, and the goal."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for benchmark in benchmarks:
        found.setdefault(benchmark["group"] or "", {})[subject_of(benchmark)] = benchmark["stats"]
    rows = []
    for group, goals in GOALS.items():
        for subject, peer, bound in goals:
            stats, other = found.get(group, {}).get(subject), found.get(group, {}).get(peer or "")
            if stats is None or (peer and other is None):
                continue
            value = stats["median"] / other["median"] if other else stats["median"]
            rows.append(
                {
                    "benchmark": group,
                    "subject": subject.removeprefix("test_"),
                    "ms, median [min, max]": in_ms(stats),
                    "compared with": peer or "",
                    "ms of that": in_ms(other) if other else "",
                    "ratio": f"{value:.3f}" if other else "",
                    "goal": "" if bound is None else f"≤ {bound:.2f}" + ("" if other else " s"),
                    "met": "" if bound is None else "yes" if value <= bound else "no",
                }
            )
    return pd.DataFrame(rows)


def in_ms(stats: dict[str, float]) -> str:
    """Return the median, the minimum and the maximum time of a benchmark, in milliseconds."""
    median, low, high = (1000 * stats[name] for name in ("median", "min", "max"))
    digits = 3 if median < 1 else 1 if median < 1000 else 0
    return f"{median:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def main(raw: Path, folder: Path) -> None:
    """Print the table, and write it to a folder."""
    measured = [json.loads(path.read_text()) for path in sorted(raw.glob("*.json"))]
    table = ratios([one for each in measured for one in each["benchmarks"]])
    machine, days = (
        measured[0]["machine_info"],
        sorted({each["datetime"][:10] for each in measured}),
    )
    processor = machine["cpu"].get("brand_raw", platform.processor())
    text = (
        f"One thread of {processor}, {machine['cpu'].get('count', '?')} cores, Python "
        f"{machine['python_version']}, {' and '.join(days)}.\n\n{table.to_markdown(index=False)}\n"
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ratios.md").write_text(text)
    table.to_csv(folder / "ratios.csv", index=False)
    print(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
