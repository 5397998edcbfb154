"""The notes below a table: its numbers, its data, and the meaning of its verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from bench.report.cells import Cell, Row
from bench.report.frame import seed_count
from bench.stats.replication import POWER, SEEDS
from bench.stats.verdicts import (
    MARGIN,
    NO_VERDICT,
    NOT_COMPARABLE,
    OTHER_DATA,
    PAPER_SEEDS,
    TESTED,
)
from bench.tasks.families import Unit
from bench.tasks.registry import family_of_environment, registered_domain, task_by_name

LEAST_SHARED = 1.0  # points; a smaller shared error is not mentioned


def notes_of(
    chosen: pd.DataFrame,
    rows: Mapping[Row, Mapping[str, Cell]],
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
    sources = sorted(set(chosen["source"]))
    rolled = chosen[chosen["rolled_out"]]
    scale_of = "on the logit scale" if unit.bounded else "Welch-Satterthwaite for the average"
    own = own_references([] if unit.raw else chosen["task"].unique())
    only_own = len(own) > 0 and len(own) == chosen["task"].nunique()
    notes = [
        f"{'Normalised score' if only_own else unit.name}, last checkpoint, declared target return.",
        *([_on_references(own, unit)] if own else []),
        f"Scale {scale}: {seed_count(chosen)}, {_episodes(rolled)} evaluation episodes each; "
        f"data: {', '.join(sources)}. "
        f"Brackets: 95 % interval of the mean over seeds (Student's t; {scale_of}).",
    ]
    notes += shared_starts(rolled)
    if len(cuts := sorted(set(rolled["max_steps"].dropna()))) > 0:
        limits = ", ".join(f"{steps:,.0f}" for steps in cuts)
        notes.append(
            f"Evaluation episodes end after {limits} steps at the latest and keep the return earned so far; the paper "
            f"has no such limit. It ended {rolled['cut'].sum():,.0f} of these {rolled['episodes'].sum():,} episodes."
        )
    return [*notes, *_on_verdicts(rows, unit), *remarks(chosen, rows, labels)]


def own_references(tasks: Iterable[str]) -> dict[str, tuple[str, float, float]]:
    """Return task -> its label and its reference scores, for tasks whose environment no family of the suite names."""
    found = {}
    for name in tasks:
        domain = task_by_name(name).domain
        if not registered_domain(domain.environment):
            found[name] = (domain.label, domain.reference_min, domain.reference_max)
    return found


def _on_references(own: Mapping[str, tuple[str, float, float]], unit: Unit) -> str:
    """Return a note on whose reference scores normalise the tasks of a user."""
    scores = dict.fromkeys(
        f"{label}: 0 is {low:g}, 100 is {high:g}" for label, low, high in own.values()
    )
    return (
        f"Reference scores of {', '.join(own)} are those that were given when the data were imported, not those of the "
        f"suite ({unit.name}): {'; '.join(scores)}."
    )


def _episodes(rolled: pd.DataFrame) -> str:
    """Return the text of the numbers of episodes; environments with their own number are named."""
    counts = rolled.groupby("environment", sort=False)["episodes"].max()
    if len(counts) == 0:
        return "0"
    usual = counts.mode().iloc[0]
    others = [
        f"{_label(str(environment))}: {count:,}"
        for environment, count in counts.items()
        if count != usual
    ]
    return f"{usual:,}" + f" ({', '.join(others)})" * bool(others)


def shared_starts(rolled: pd.DataFrame) -> list[str]:
    """Return a note on the error of the evaluation that all seeds share, where it is a point or more.

    Args:
        rolled: scores of policies that were rolled out.
    """
    errors = rolled.groupby("environment", sort=False)["shared_error"].max()
    large = [
        f"{error:.1f} points on {_label(str(environment))}"
        for environment, error in errors.items()
        if error >= LEAST_SHARED
    ]
    if not large:
        return []
    return [
        "All seeds meet the same start states. The standard error of this choice, which the brackets leave out, is "
        f"at most {', '.join(large)}."
    ]


def _label(environment: str) -> str:
    """Return the name of an environment in tables."""
    domains = family_of_environment(environment).domains.values()
    known = (domain.label for domain in domains if domain.environment == environment)
    return next(known, environment)


def _on_verdicts(rows: Mapping[Row, Mapping[str, Cell]], unit: Unit) -> list[str]:
    """Return notes on the verdicts of a table, and on cells without one."""
    points = "points, normalised" if unit.raw else "points"
    words = {cell.verdict for line in rows.values() for cell in line.values()} - {""}
    notes = []
    if OTHER_DATA in words:
        others = [
            " ".join(row)
            for row, line in rows.items()
            if any(cell.verdict == OTHER_DATA for cell in line.values())
        ]
        where = f" on {', '.join(others)}" if words - {OTHER_DATA} else ""
        notes.append(
            f"No verdict, because of other data: the runs{where} were not trained on {unit.data} but on generated or "
            "imported data. The paper's numbers are shown for orientation; they are neither reproduced nor refuted."
        )
    if words & set(TESTED):
        notes.append(
            f"Verdicts compare our runs with the paper's mean ± std of {PAPER_SEEDS} seeds. `reproduced`: the 95 % "
            f"interval of our mean lies within {MARGIN:g} {points} of the paper's mean. `differs`: the test of "
            "Cochran and Cox, which includes the paper's spread, finds different means. `undecided`: neither. Both are "
            "Holm-corrected over the table."
        )
    if NO_VERDICT in words:
        notes.append(
            f"`{NO_VERDICT}`: with {SEEDS} seeds even a perfect replication would be `reproduced` with a probability "
            f"below {POWER:g}, because the paper's mean of {PAPER_SEEDS} seeds is too uncertain."
        )
    if NOT_COMPARABLE in words:
        notes.append(
            f"`{NOT_COMPARABLE}`: the paper prints no spread over seeds, or there is only one run of ours."
        )
    return notes


def remarks(
    chosen: pd.DataFrame,
    rows: Mapping[Row, Mapping[str, Cell]],
    labels: dict[str, str],
) -> list[str]:
    """Return notes on single cells: on the paper's numbers, on methods that are not rolled out, and on
    diverged runs. The arguments are those of `notes_of`.
    """
    noted: dict[str, list[str]] = {}
    for (data, environment), line in rows.items():
        for name, cell in line.items():
            if cell.paper and cell.paper.note:
                where = " ".join(filter(None, (environment, data)))
                noted.setdefault(f"{labels[name]}|{cell.paper.note}", []).append(where)
    notes = []
    for about, places in noted.items():
        label, _, note = about.partition("|")
        where = f", {places[0]}" if len(places) == 1 else ""
        notes.append(f"Paper's {label}{where}: {note}.")
    if not all(chosen["rolled_out"]):
        replayed = sorted(set(chosen[~chosen["rolled_out"]]["label"]))
        notes.append(
            f"{', '.join(replayed)}: scores of the recorded episodes in the data; the policy is not rolled out."
        )
    if (diverged := int((chosen["status"] == "diverged").sum())) > 0:
        notes.append(f"† {diverged} run(s) diverged; they count with their last finite policy.")
    return notes
