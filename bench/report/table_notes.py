"""The notes below a table: what its numbers are, on what data, and what its verdicts mean."""

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
    """Return what a reader of a table must know of its runs, its brackets and its verdicts.

    Args:
        chosen: the scores that it was laid out from.
        rows: the table.
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
            f"Evaluation episodes are cut after {limits} steps, with what they have earned, which the paper's are not: "
            f"it ended {rolled['cut'].sum():,.0f} of these {rolled['episodes'].sum():,}."
        )
    points = "points, normalised" if unit.raw else "points"
    words = {cell.verdict for line in rows.values() for cell in line.values()}
    if OTHER_DATA in words:
        notes.append(
            f"Verdict `{OTHER_DATA}`: these runs did not learn from {unit.data} but from data generated here or "
            "imported, so the paper's numbers stand beside ours for orientation and are neither reproduced nor refuted."
        )
    if words - {OTHER_DATA, ""}:
        notes.append(
            "Verdicts compare our runs with the paper's mean ± std of 3 seeds, Holm-corrected over the table: "
            f"`reproduced`, equivalent within {MARGIN:g} {points} (two one-sided tests); `differs`, Welch's t; "
            f"`undecided`, neither; `{NOT_COMPARABLE}`, the paper prints no spread over seeds, or we have one run."
        )
    return [*notes, *remarks(chosen, rows, labels)]


def remarks(
    chosen: pd.DataFrame,
    rows: Mapping[tuple[str, str], Mapping[str, Cell]],
    labels: dict[str, str],
) -> list[str]:
    """Return what must be said of single cells: the paper's own, those that were not rolled out, and
    diverged runs. Arguments are those of `notes_of`.
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
        notes.append(f"{', '.join(replayed)}: the recorded episodes of the data, not rolled out.")
    if (diverged := int((chosen["status"] == "diverged").sum())) > 0:
        notes.append(f"† {diverged} run(s) diverged and are counted with the last finite policy.")
    return notes
