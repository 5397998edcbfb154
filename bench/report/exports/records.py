"""Records as a Parquet file with a card: a data set of the Hugging Face Hub, which rliable can read too."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.core.files import write_text
from bench.report.artifact import markdown_text
from bench.report.episodes import COLUMNS, table, write

FILE = "records.parquet"


def export(where: Path, folder: Path) -> str:
    """Write all records of a place into a folder: `records.parquet` and its card, `README.md`.

    Args:
        where: what `bench.report.episodes.table` reads.
        folder: is created; files of these names are replaced.

    Returns:
        A line that says what was written.

    Raises:
        FileNotFoundError: there is no such place, or no record in it.
        DamagedFile: a record is damaged.
        DiskFull: no space is left.
    """
    frame = table(where)
    write(frame, folder / FILE)
    write_text(folder / "README.md", card(frame))
    return f"{folder / FILE}: {len(frame):,} episodes of {frame['policy'].nunique():,} policies"


def card(frame: pd.DataFrame) -> str:
    """Return the card of a table of records, in Markdown."""
    scales = ", ".join(frame["scale"].unique())
    runs = frame[["scale", "task", "reward", "data_percent", "method", "seed"]].drop_duplicates()
    methods = markdown_text(", ".join(sorted(frame["method"].unique())))
    sources = ", ".join(frame["source"].unique())
    lines = [
        "---",
        "license: mit",
        "tags: [offline-reinforcement-learning, decision-transformer, benchmark-results]",
        f"configs: [{{config_name: default, data_files: {FILE}}}]",
        "---",
        f"# Records of scale {markdown_text(scales)}",
        "",
        f"Every evaluated episode of {len(runs):,} runs: {len(frame):,} rows. The methods are "
        f"{methods}; the data that they learned from are of source {sources}.",
        "Made by a benchmark suite for Decision Transformer (Chen, Lu et al. 2021, arXiv 2106.01345).",
        "",
        "| column | what it holds |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in COLUMNS.items()),
        "",
        "The mean over the rows of one run with kind `score` is the score of that run. Uncertainty is that over",
        "training seeds: episodes of one run are not independent runs.",
        "Scores of other data sources than the paper's are not comparable with the paper's.",
    ]
    return "\n".join(lines) + "\n"
