"""Measure what the intervals of the suite cover, and what verdicts can say: `python tools/coverage.py`.

It prints the tables of docs/statistics.md; `--rewrite` writes them into the page. Every number has its own
seed, so another run gives the same tables. It takes a few minutes on one core.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from tabulate import tabulate

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.core.seeds import generator  # noqa: E402
from bench.paper import cells  # noqa: E402
from bench.stats import verdicts  # noqa: E402
from tools.intervals_printed import INTERVALS, Interval  # noqa: E402

PAGE = ROOT / "docs" / "statistics.md"
SEEDS = (2, 3, 5, 10)
DATA_SETS = (1, 3, 9, 12)
REPEATS = 1000
NOMINAL, TOLERANCE = 95.0, 2.0
VERDICT_REPEATS = 400
VERDICT_SEEDS = (3, 5, 10, 30)


def coverage(interval: Interval, scores: str, data_sets: int, seeds: int, repeats: int) -> float:
    """Return the per cent of simulated intervals that contain the true value."""
    source = generator("coverage", interval.name, scores, data_sets, seeds)
    truth = interval.truth(scores, data_sets, seeds)
    hits = 0
    for _ in range(repeats):
        low, high = interval.ends(source, scores, data_sets, seeds)
        hits += low - 1e-9 <= truth <= high + 1e-9
    return 100 * hits / repeats


def coverage_tables(repeats: int = REPEATS) -> Iterator[tuple[str, str]]:
    """Yield the name of each interval and its table. A number below 93 is bold."""
    for interval in INTERVALS:
        columns = interval.data_sets or DATA_SETS
        body = []
        for scores in interval.scores:
            for seeds in SEEDS:
                found = [coverage(interval, scores, m, seeds, repeats) for m in columns]
                body.append([scores, seeds, *map(mark, found)])
        headings = ["scores", "seeds", *(f"{m} data set{'s' * (m > 1)}" for m in columns)]
        yield interval.name, tabulate(body, headings, tablefmt="github", disable_numparse=True)


def mark(per_cent: float) -> str:
    """Return the text of a coverage; bold if it is too low."""
    text = f"{per_cent:.0f}"
    return f"**{text}**" if per_cent < NOMINAL - TOLERANCE else text


def verdict_table(repeats: int = VERDICT_REPEATS) -> str:
    """Return the probabilities of the verdicts on a perfect replication of Table 2, for each of its cells.

    The replication has the printed standard deviation. The table is Holm-corrected as a whole.
    """
    printed = {
        task: cell.std
        for (table, task, method), cell in cells().items()
        if (table, method) == ("Table 2", "DT") and cell.std is not None
    }
    counts = {
        (task, seeds): {verdicts.REPRODUCED: 0, verdicts.DIFFERS: 0, verdicts.UNDECIDED: 0}
        for task in printed
        for seeds in VERDICT_SEEDS
    }
    impossible = set()
    for seeds in VERDICT_SEEDS:
        source = generator("verdicts", seeds)
        for _ in range(repeats):
            comparisons = [
                verdicts.compare(
                    source.normal(50, std, seeds).tolist(),
                    float(source.normal(50, std / np.sqrt(verdicts.PAPER_SEEDS))),
                    std,
                )
                for std in printed.values()
            ]
            for task, verdict in zip(printed, verdicts.verdicts_of(comparisons), strict=True):
                if verdict.word == verdicts.NO_VERDICT:
                    impossible.add(task)
                else:
                    counts[task, seeds][verdict.word] += 1
    body = []
    for task, std in printed.items():
        line = [task, f"{std}"]
        for seeds in VERDICT_SEEDS:
            found = counts[task, seeds].values()
            shares = " / ".join(f"{count / repeats:.2f}" for count in found)
            line.append("no verdict" if task in impossible else shares)
        body.append(line)
    headings = ["cell", "printed std", *(f"{seeds} seeds" for seeds in VERDICT_SEEDS)]
    return tabulate(body, headings, tablefmt="github", disable_numparse=True)


def verdict_tables() -> Iterator[tuple[str, str]]:
    """Yield the name and the table of the verdicts."""
    yield "verdicts", verdict_table()


def replaced(page: str, name: str, table: str) -> str:
    """Return a page with a table between the marks of its name.

    Raises:
        ValueError: the page has no such marks.
    """
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    if start not in page or end not in page:
        raise ValueError(f"{PAGE} has no place for the table {name!r}; add {start} and {end}")
    pattern = re.escape(start) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: f"{start}\n\n{table}\n\n{end}", page, flags=re.DOTALL)


def main() -> None:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description="What the intervals cover.")
    parser.add_argument("--rewrite", action="store_true", help="write docs/statistics.md")
    arguments = parser.parse_args()
    tables = {}
    for name, table in chain(coverage_tables(), verdict_tables()):
        print(f"\n{name}\n\n{table}", flush=True)
        tables[name] = table
    if arguments.rewrite:
        page = PAGE.read_text(encoding="utf-8")
        for name, table in tables.items():
            page = replaced(page, name, table)
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
