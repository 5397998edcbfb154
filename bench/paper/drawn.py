"""The paper's Figures 3 and 4 as numbers, read from their vector graphics (arXiv 2106.01345v2 p.6
and p.9; sources in the folder assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import number, rows_of


@dataclass(frozen=True)
class Bar:
    """One bar of Figure 3.

    Attributes:
        group: `Atari`, `OpenAI Gym` or `Key-To-Door`.
        method: `DT`, `CQL` or `BC`.
        label: the method's name in the figure, which calls CQL `TD Learning`.
        height: normalised score; the success rate in per cent for Key-To-Door.
        note: what it is the mean of.
    """

    group: str
    method: str
    label: str
    height: float
    note: str


@dataclass(frozen=True)
class Curve:
    """One panel of Figure 4: the return that DT achieves against the return asked of it.

    The data are medium-replay, 1 % of DQN-replay for Atari. On Atari the points at Table 8's targets
    are the scores of Table 1; the Gym curves come of other runs than Table 2. Raw values are undone
    normalisations: exact on the grid of targets, within 0.05 for the returns (0.005 on Reacher).

    Attributes:
        domain: as in tasks.toml.
        label: the panel's title.
        raw_targets: ascending, undiscounted return; an arithmetic progression.
        normalised_targets: as drawn, D4RL or gamer-normalised; read off to 0.15 % of the axis.
        raw_achieved: one for each target.
        normalised_achieved: as drawn.
        raw_best_printed: the line `Best Trajectory in Dataset` as drawn; None: there is none.
        normalised_best_printed: the same, normalised.
        raw_best_corrected: the best episode of the data; None: not known.
        normalised_best_corrected: the same, normalised.
        note: what is wrong with the line; empty where nothing is.
    """

    domain: str
    label: str
    raw_targets: Sequence[float]
    normalised_targets: Sequence[float]
    raw_achieved: Sequence[float]
    normalised_achieved: Sequence[float]
    raw_best_printed: float | None
    normalised_best_printed: float | None
    raw_best_corrected: float | None
    normalised_best_corrected: float | None
    note: str


@cache
def figure3() -> tuple[Bar, ...]:
    """Return the bars of Figure 3, group by group."""
    return tuple(
        Bar(row["group"], row["method"], row["label"], float(row["height"]), row["note"])
        for row in rows_of("figure3.csv")
    )


@cache
def figure4(domain: str) -> Curve | None:
    """Return the panel of Figure 4 that is about a domain, or None where it has none."""
    lines = [row for row in rows_of("figure4_lines.csv") if row["domain"] == domain]
    if not lines:
        return None
    line = lines[0]
    points = [row for row in rows_of("figure4.csv") if row["domain"] == domain]

    def column(name: str) -> tuple[float, ...]:
        return tuple(float(row[name]) for row in points)

    return Curve(
        domain=domain,
        label=line["label"],
        raw_targets=column("raw_target"),
        normalised_targets=column("normalised_target"),
        raw_achieved=column("raw_achieved"),
        normalised_achieved=column("normalised_achieved"),
        raw_best_printed=number(line["raw_printed"]),
        normalised_best_printed=number(line["normalised_printed"]),
        raw_best_corrected=number(line["raw_corrected"]),
        normalised_best_corrected=number(line["normalised_corrected"]),
        note=line["note"],
    )
