"""Gates: a comparator that has not learned decides nothing.

A method of a gate has learned if it scores at least the behaviour's level minus a margin, 5 points unless the gate
says otherwise. Both are means over the data sets of the check's suite, with dense reward, unless the gate says
otherwise, and all of the data: a method that is worse on a fraction of the data has not therefore trained too little.
The scores of the method can be those of another suite on the same data sets. Where the rule of the check is about
every data set, or about a number of them, each data set has a gate of its own, and one that is closed counts as a data
set without runs: a rule about every data set is then about those that are left, if they are as many as the check
needs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bench.report.claims.gate import Gate
from bench.report.claims.measure import whole_data
from bench.report.claims.registry import Check
from bench.report.claims.trends import times_best_return
from bench.report.frame import final

BELOW = "{label} is below the level of its data"
NOT_EVALUATED = "the gate cannot be evaluated"


@dataclass(frozen=True)
class Opening:
    """The state of a gate.

    Attributes:
        open: whether every method of the gate has learned; for a rule about single data sets, whether they have on as
            many as the rule needs.
        reason: where a method has not learned, in words; empty if it has everywhere.
        numbers: the levels that decide, or what is missing.
        closed: for a rule about single data sets, those on which a method has not learned.
    """

    open: bool
    reason: str
    numbers: str
    closed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Level:
    """What a method of a gate scores, and what its data hold: task -> score."""

    label: str
    own: dict[str, float]
    behaviour: dict[str, float]


def evaluate(
    check: Check, frames: dict[str, pd.DataFrame], data_sets: Collection[str] = ()
) -> Opening | None:
    """Return the state of the gate of a check; None: it has none.

    The level of the behaviour is that of the same data in any suite, because suites share runs.

    Args:
        check: its suite must be among the frames.
        frames: suite -> scores.
        data_sets: of a check whose rule is about data sets one by one, those that have its number; none: all of the
            suite.
    """
    if check.gate is None:
        return None
    if (suite := check.gate.suite or check.suite) not in frames:
        return Opening(False, NOT_EVALUATED, f"suite `{suite}` was not run")
    own = _scores(check.gate, frames[suite])
    if suite != check.suite:
        tasks = frames[check.suite]["task"].unique()
        if lacks := sorted(set(tasks) - set(own["task"])):
            missing = f"suite `{suite}` has no run on {', '.join(lacks)}"
            return Opening(False, NOT_EVALUATED, missing)
        own = own[own["task"].isin(tasks)]
    if check.of_each and data_sets:
        own = own[own["task"].isin(data_sets)]
    reference = _behaviour(check.gate, frames)
    needed = data_sets if check.of_each else ()
    found = [_level(name, check, own, reference, needed) for name in check.gate.methods]
    if problems := [one for one in found if isinstance(one, str)]:
        return Opening(False, NOT_EVALUATED, "; ".join(problems))
    levels = [one for one in found if isinstance(one, _Level)]
    return _of_each(check, check.gate, levels) if check.of_each else _of_means(check.gate, levels)


def _scores(gate: Gate, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose scores are the levels of the methods."""
    if gate.targets is None:
        return whole_data(final(frame), gate.reward)
    rows = whole_data(frame, gate.reward)
    rows = rows[rows["kind"] == "sweep"]
    return rows[times_best_return(rows, gate.targets)]


def _behaviour(gate: Gate, frames: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Return task -> mean score of the method that stands for the data."""
    levels: dict[str, float] = {}
    for frame in frames.values():
        rows = whole_data(final(frame))
        rows = rows[rows["method"] == gate.behaviour]
        for task, scores in rows.groupby("task", sort=False)["score"]:
            levels.setdefault(str(task), float(scores.mean()))
    return levels


def _level(
    name: str,
    check: Check,
    own: pd.DataFrame,
    reference: dict[str, float],
    needed: Collection[str],
) -> _Level | str:
    """Return the levels of a method of the gate, or what is missing of those on the data sets that need one."""
    assert check.gate is not None
    rows = own[own["method"] == name]
    if rows.empty:
        return f"no run of {name} on all of the data in suite `{check.gate.suite or check.suite}`"
    levels = {
        str(task): float(one.mean()) for task, one in rows.groupby("task", sort=False)["score"]
    }
    if lacks := sorted(set(needed) - set(levels)):
        return (
            f"no run of {name} on {', '.join(lacks)} in suite `{check.gate.suite or check.suite}`"
        )
    if missing := [task for task in levels if task not in reference]:
        return (
            f"no run of {check.gate.behaviour} on {', '.join(missing)}; add it to the methods of suite "
            f"`{check.gate.suite or check.suite}`"
        )
    return _Level(str(rows["label"].iloc[0]), levels, {task: reference[task] for task in levels})


def _of_means(gate: Gate, levels: list[_Level]) -> Opening:
    """Return the state of a gate by means over the data sets."""
    reasons, numbers = [], []
    for one in levels:
        level = float(np.mean(list(one.own.values())))
        behaviour = float(np.mean(list(one.behaviour.values())))
        if level < behaviour - gate.margin_at(behaviour):
            reasons.append(BELOW.format(label=one.label))
        numbers.append(_spell(gate, f"{one.label} {level:.1f}", behaviour))
    return Opening(not reasons, "; ".join(dict.fromkeys(reasons)), "; ".join(numbers))


def _of_each(check: Check, gate: Gate, levels: list[_Level]) -> Opening:
    """Return the state of the gates of single data sets."""
    closed: set[str] = set()
    reasons, numbers = [], []
    for one in levels:
        below = [
            task
            for task, own in one.own.items()
            if own < one.behaviour[task] - gate.margin_at(one.behaviour[task])
        ]
        closed |= set(below)
        count = f"{len(below)} of {len(one.own)} data sets"
        if below:
            reasons.append(f"{BELOW.format(label=one.label)} on {count}")
        numbers += [
            _spell(gate, f"{task}: {one.label} {one.own[task]:.1f}", one.behaviour[task])
            for task in one.own
        ]
    judged = {task for one in levels for task in one.own} - closed
    enough = len(judged) >= check.data_sets_needed
    return Opening(enough, "; ".join(reasons), "; ".join(numbers), frozenset(closed))


def _spell(gate: Gate, level: str, behaviour: float) -> str:
    points = gate.margin_at(behaviour)
    margin = f" - {points:.2g}" if points else ""
    where = f" in suite {gate.suite}" if gate.suite else ""
    sparse = f" with {gate.reward} rewards" if gate.reward != Gate.reward else ""
    return f"{level}{sparse}{where}, {gate.behaviour} {behaviour:.1f}{margin}"
