"""The paper's Figures 3 and 4 as numbers.

They are read from the vector graphics of the figures (arXiv 2106.01345v2 p.6 and p.9; sources in the
folder assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb).
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
        label: the name of the method in the figure. The figure calls CQL `TD Learning`.
        height: normalised score; for Key-To-Door the success rate in per cent.
        note: the numbers whose mean the bar shows.
    """

    group: str
    method: str
    label: str
    height: float
    note: str


@dataclass(frozen=True)
class Curve:
    """One panel of Figure 4: the achieved return of DT against its target return.

    The data are medium-replay, and for Atari 1 % of DQN-replay. On Atari, the points at the targets of
    Table 8 are the scores of Table 1. The Gym curves are from other runs than Table 2. Raw values are
    computed here from the normalised ones. They are exact for the targets, and within 0.05 (Reacher:
    0.005) for the returns.

    Attributes:
        domain: its name in bench/tasks/*.toml.
        label: the title of the panel.
        raw_targets: undiscounted target returns, ascending, evenly spaced.
        normalised_targets: as drawn, D4RL-normalised or gamer-normalised; precise to 0.15 % of the axis.
        raw_achieved: the achieved return at each target.
        normalised_achieved: the same, as drawn.
        raw_best_printed: the line `Best Trajectory in Dataset` as drawn; None if the panel has no line.
        normalised_best_printed: the same, normalised.
        raw_best_corrected: the return of the best episode of the data; None if it is not known.
        normalised_best_corrected: the same, normalised.
        note: the error in the line; empty if there is no error.
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
    """Return the bars of Figure 3, in the order of its groups."""
    return tuple(
        Bar(row["group"], row["method"], row["label"], float(row["height"]), row["note"])
        for row in rows_of("figure3.csv")
    )


@cache
def figure4(domain: str) -> Curve | None:
    """Return the panel of a domain in Figure 4, or None if Figure 4 has no panel for it."""
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
