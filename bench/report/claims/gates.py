"""Gates: a comparator that has not learned decides nothing.

A check with a gate is undecided if a method of the gate scores less than the behaviour's level minus 5
points. Both are means over the data sets of the check's suite, with dense reward and all of the data: a method
that is worse on a fraction of the data has not therefore trained too little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.report.claims.measure import whole_data
from bench.report.claims.registry import Check, Gate
from bench.report.frame import final

MARGIN = 5.0  # normalised points

UNDERTRAINED = "{label} is undertrained at this budget"
NOT_EVALUATED = "the gate cannot be evaluated"


@dataclass(frozen=True)
class Opening:
    """The state of a gate.

    Attributes:
        open: whether every method of the gate has learned.
        reason: why it is closed, in words; empty if it is open.
        numbers: the levels that decide, or what is missing.
    """

    open: bool
    reason: str
    numbers: str


def evaluate(check: Check, frames: dict[str, pd.DataFrame]) -> Opening | None:
    """Return the state of the gate of a check; None: it has none.

    The level of the behaviour is that of the same data in any suite, because suites share runs.

    Args:
        check: its suite must be among the frames.
        frames: suite -> scores.
    """
    if check.gate is None:
        return None
    own = whole_data(final(frames[check.suite]))
    reference = _behaviour(check.gate, frames)
    found = [_of_method(name, check, own, reference) for name in check.gate.methods]
    closed = [one for one in found if not one.open]
    reasons = list(dict.fromkeys(one.reason for one in closed))
    return Opening(not closed, "; ".join(reasons), "; ".join(one.numbers for one in found))


def _behaviour(gate: Gate, frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Return task -> mean score of the method that stands for the data."""
    levels: dict[str, float] = {}
    for frame in frames.values():
        rows = whole_data(final(frame))
        rows = rows[rows["method"] == gate.behaviour]
        for task, scores in rows.groupby("task", sort=False)["score"]:
            levels.setdefault(str(task), float(scores.mean()))
    return levels


def _of_method(name: str, check: Check, own: pd.DataFrame, reference: dict[str, float]) -> Opening:
    rows = own[own["method"] == name]
    if rows.empty:
        return Opening(
            False, NOT_EVALUATED, f"no run of {name} on all of the data in suite `{check.suite}`"
        )
    levels = {
        str(task): float(one.mean()) for task, one in rows.groupby("task", sort=False)["score"]
    }
    assert check.gate is not None
    if missing := [task for task in levels if task not in reference]:
        return Opening(
            False,
            NOT_EVALUATED,
            f"no run of {check.gate.behaviour} on {', '.join(missing)}; add it to the methods of suite "
            f"`{check.suite}`",
        )
    level = float(np.mean(list(levels.values())))
    behaviour = float(np.mean([reference[task] for task in levels]))
    learned = level >= behaviour - MARGIN
    label = str(rows["label"].iloc[0])
    numbers = f"{label} {level:.1f}, {check.gate.behaviour} {behaviour:.1f} - {MARGIN:g}"
    return Opening(learned, "" if learned else UNDERTRAINED.format(label=label), numbers)
