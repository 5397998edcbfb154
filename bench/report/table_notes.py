"""The notes below a table: its numbers, its data, and the meaning of its verdicts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from bench.report.cells import Cell
from bench.stats.verdicts import MARGIN, NOT_COMPARABLE, OTHER_DATA
from bench.tasks.families import Unit


def notes_of(
    chosen: pd.DataFrame,
    rows: Mapping[tuple[str, str], Mapping[str, Cell]],
    labels: dict[str, str],
    scale: str,
    unit: Unit,
) -> list[str]:
    """Return notes on the runs, the brackets and the verdicts of a table.

    Args:
        chosen: the scores that the table was made from.
        rows: of the table.
        labels: column -> heading.
        scale: the config's name.
        unit: of the scores.
    """
    seeds, sources = chosen["seed"].nunique(), sorted(set(chosen["source"]))
    rolled = chosen[chosen["rolled_out"]]
    episodes = sorted(set(rolled["episodes"])) or [0]
    notes = [
        f"{unit.name}, last checkpoint, declared target return.",
        f"Scale {scale}: {seeds} seed{'s' * (seeds != 1)}, {', '.join(map(str, episodes))} evaluation episodes each; "
        f"data: {', '.join(sources)}. "
        "Brackets: 95 % interval of the mean over seeds (Student's t; Welch-Satterthwaite for the average).",
    ]
    if len(cuts := sorted(set(rolled["max_steps"].dropna()))) > 0:
        limits = ", ".join(f"{steps:,.0f}" for steps in cuts)
        notes.append(
            f"Evaluation episodes end after {limits} steps at the latest and keep the return earned so far; the paper "
            f"has no such limit. It ended {rolled['cut'].sum():,.0f} of these {rolled['episodes'].sum():,} episodes."
        )
    points = "points, normalised" if unit.raw else "points"
    words = {cell.verdict for line in rows.values() for cell in line.values()}
    if OTHER_DATA in words:
        notes.append(
            f"Verdict `{OTHER_DATA}`: these runs were not trained on {unit.data} but on generated or imported data. "
            "The paper's numbers are shown for orientation; they are neither reproduced nor refuted."
        )
    if words - {OTHER_DATA, ""}:
        notes.append(
            "Verdicts compare our runs with the paper's mean ± std of 3 seeds, Holm-corrected over the table. "
            f"`reproduced`: equivalent within {MARGIN:g} {points} (two one-sided tests). `differs`: different by "
            f"Welch's t test. `undecided`: neither. `{NOT_COMPARABLE}`: the paper prints no spread over seeds, or "
            "there is only one run of ours."
        )
    return [*notes, *remarks(chosen, rows, labels)]


def remarks(
    chosen: pd.DataFrame,
    rows: Mapping[tuple[str, str], Mapping[str, Cell]],
    labels: dict[str, str],
) -> list[str]:
    """Return notes on single cells: on the paper's numbers, on methods that are not rolled out, and on
    diverged runs. The arguments are those of `notes_of`.
    """
    notes = list(
        dict.fromkeys(
            f"Paper's {labels[name]}: {cell.paper.note}."
            for line in rows.values()
            for name, cell in line.items()
            if cell.paper and cell.paper.note
        )
    )
    if not all(chosen["rolled_out"]):
        replayed = sorted(set(chosen[~chosen["rolled_out"]]["label"]))
        notes.append(
            f"{', '.join(replayed)}: scores of the recorded episodes in the data; the policy is not rolled out."
        )
    if (diverged := int((chosen["status"] == "diverged").sum())) > 0:
        notes.append(f"† {diverged} run(s) diverged; they count with their last finite policy.")
    return notes
