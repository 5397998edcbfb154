"""What the artifact `score_cost` shows of each method, and the published curves beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench.paper.d3rlpy_curves import SOURCE, published_curves, published_points
from bench.report.curves import Curve, Runs, curve, runs_of
from bench.report.frame import distinct_runs
from bench.report.looks import places
from bench.report.tables import range_of_scores
from bench.stats.intervals import Estimate, estimate, estimate_over_tasks
from bench.tasks.registry import task_by_name
from bench.tasks.units import unit_of


@dataclass(frozen=True)
class Method:
    """What is shown of a method. All means are over the same data sets.

    Attributes:
        label: the name in tables and figures.
        position: decides colour and marker (`bench.report.looks`).
        trained: whether it takes updates; if not, its score is a level.
        data: whether its score is that of the data.
        final: the mean score at the end.
        finals: data set -> the mean score at the end.
        cost: the mean curve over core-seconds.
        of_task: data set -> the curve over core-seconds.
        spent: the core-seconds of each run, ascending.
        updates: the mean curve over updates, over the data sets with published curves.
        diverged: whether a run diverged.
    """

    label: str
    position: int
    trained: bool
    data: bool
    final: Estimate
    finals: dict[str, Estimate]
    cost: Curve
    of_task: dict[str, Curve]
    spent: tuple[float, ...]
    updates: Curve
    diverged: bool


@dataclass(frozen=True)
class Published:
    """The published curves of d3rlpy, as means over data sets.

    Attributes:
        tasks: the data sets; empty if the suite has none of them.
        curves: method -> updates -> mean normalised score.
        runs: number of runs behind each score.
        note: what they are; empty without curves.
    """

    tasks: tuple[str, ...]
    curves: dict[str, dict[int, float]]
    runs: int
    note: str


def published_of(tasks: Sequence[str]) -> Published:
    """Return the published curves, averaged over those of the data sets that they have."""
    known = {point.task for point in published_points()}
    shared = [task for task in tasks if task in known]
    if not shared:
        return Published((), {}, 0, "")
    curves: dict[str, dict[int, float]] = {}
    versions: dict[str, str] = {}
    runs = 0
    for method, points in published_curves(shared).items():
        curves[method] = {
            updates: sum(task_by_name(p.task).domain.normalised(p.mean) for p in each) / len(each)
            for updates, each in points.items()
        }
        runs = sum(point.seeds for point in next(iter(points.values())))
        versions[method] = next(iter(points.values()))[0].version
    data = ", ".join(f"{method} on D4RL -{version}" for method, version in versions.items())
    note = (
        f"By updates: mean over {data_sets(len(shared))} that d3rlpy's published curves have. In grey, these curves "
        f"({SOURCE}; {data}): other data, networks and batch sizes than ours, so they show the course and are no test."
    )
    return Published(tuple(shared), curves, runs, note)


def data_sets(count: int) -> str:
    """Return the text of a number of data sets."""
    return f"{count} data set" + "s" * (count != 1)


def methods_of(
    rows: pd.DataFrame, order: Sequence[str], with_updates: Sequence[str], at: Sequence[float]
) -> tuple[dict[str, Method], list[str]]:
    """Return name -> method, and notes on all that is missing.

    Args:
        rows: scores of the kinds `score` and `curve`, of data sets that every method has.
        order: of the methods.
        with_updates: data sets of the curve over updates.
        at: core-seconds at which the table needs a score.
    """
    found: dict[str, Method] = {}
    notes: list[str] = []
    at_place = places(str(rows[rows["method"] == name]["label"].iloc[0]) for name in order)
    unit = unit_of(rows["task"])
    within = range_of_scores(rows[rows["rolled_out"]], unit)
    for name in order:
        own = rows[rows["method"] == name]
        last = own[own["final"]]
        label, trained = str(own["label"].iloc[0]), bool((last["step"] > 0).any())
        ends = {
            str(task): runs["score"].tolist() for task, runs in last.groupby("task", sort=False)
        }
        runs, unknown = runs_of(own, "core_seconds") if trained else ({}, [])
        of_updates = own[own["task"].isin(with_updates)]
        groups = list(ends.values())
        if not trained and not unit.bounded:
            groups = distinct_runs(groups)
        diverged = own[own["status"] == "diverged"].drop_duplicates(["task", "seed"])
        found[name] = Method(
            label=label,
            position=at_place[label],
            trained=trained,
            data=not last["rolled_out"].any(),
            final=estimate_over_tasks(groups, within),
            finals={task: estimate(scores, within) for task, scores in ends.items()},
            cost=curve(runs, at, within),
            of_task={task: curve({task: group}, within=within) for task, group in runs.items()},
            spent=tuple(sorted(costs[-1] for group in runs.values() for costs, _ in group)),
            updates=curve(runs_of(of_updates, "step")[0] if trained else {}, within=within),
            diverged=len(diverged) > 0,
        )
        if trained:
            some_points = bool((~rows["final"]).any())
            notes += _missing(label, own, runs, unknown, some_points=some_points)
        if len(diverged):
            notes.append(f"† {label}: {len(diverged)} diverged; scored as before the divergence.")
    return found, notes


def _missing(
    label: str, own: pd.DataFrame, runs: Runs, unknown: list[str], *, some_points: bool
) -> list[str]:
    """Return notes on runs of a trained method without a time or without points before the end."""
    notes = []
    if unknown:
        notes.append(
            f"{label}: without core-seconds, because `run.json` is missing beside the record, and therefore not in its "
            f"curve over cost: {'; '.join(unknown)}."
        )
    if lost := [task for task, group in runs.items() if not group]:
        notes.append(
            f"{label} has no mean curve over cost: no run with core-seconds on {', '.join(lost)}."
        )
    each = own.groupby(["task", "seed"], sort=False)
    bare = [f"{task}, seed {seed}" for (task, seed), run in each if not (~run["final"]).any()]
    if bare and some_points:
        which = "" if len(bare) == len(each) else f" on {'; '.join(bare)}"
        notes.append(f"{label} has no points before the end{which}.")
    return notes
