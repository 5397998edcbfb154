"""What is known of the spread over seeds and of the cost before a config runs: from packed records, or assumed."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bench.report.claims.decision import heterogeneity_of, spreads_of
from bench.report.claims.designs import DESIGNS, arms_of
from bench.report.claims.measure import NotRun
from bench.report.claims.obstacles import runs_of
from bench.report.claims.registry import Check
from bench.report.claims.sampled import AT, Sampled, data_set_of
from bench.report.claims.statistics import STATISTICS
from bench.report.frame import final
from bench.report.ranges import usual_range
from bench.report.scores import collect
from bench.runs import archive
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from bench.stats.intervals import ANY, CORRELATION, Range
from bench.tasks.units import difference_range, unit_of

SPREAD = 6.0  # normalised points
# Degrees of freedom of a measured spread. With 4 the true spread is at most 2.9 times the measured one, with 1 at most
# 32 times (95 % intervals of the chi-square distribution).
LEAST_FREEDOM = 4
SWEEP = "sweep"  # a kind of scores


@dataclass(frozen=True)
class Known:
    """What is known of spread and cost before the runs.

    Attributes:
        source: in words, for the notes.
        points: the standard deviation of a score where nothing else is known, in normalised points.
        always: use `points` for every score, whatever the earlier runs say.
        frames: suite -> scores of earlier runs; often empty.
    """

    source: str
    points: float = SPREAD
    always: bool = False
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)


def known_of(plan: Plan, scale: str | None, spread: float | None) -> Known:
    """Return what the packed records of a scale say of the runs of a plan.

    Args:
        plan: its runs are looked up by task, reward, data fraction, method and seed.
        scale: of the records; None: there are none.
        spread: the standard deviation of every score; None: that of the records.

    Raises:
        FileNotFoundError: no records of this scale are packed.
    """
    points = SPREAD if spread is None else spread
    if scale is None:
        return Known("assumed, not measured", points)
    frames = {}
    with tempfile.TemporaryDirectory() as name:
        archive.unpack(archive.archive_of(scale), Path(name))
        for suite in plan.runs:
            paths = [Path(name, "results", scale, *path.parts[2:]) for path in plan.records(suite)]
            if there := [path for path in dict.fromkeys(paths) if path.exists()]:
                frames[suite] = collect(there, plan, suite)
    records = f"the packed records of scale {scale}"
    source = (
        records if spread is None else f"{points:g} points for every score; for others {records}"
    )
    return Known(source, points, spread is not None, frames)


@dataclass(frozen=True)
class Assumed:
    """What is assumed of the numbers of a check.

    Attributes:
        spreads: data set -> the standard deviation over seeds of each arm. Of a rule about single data sets, each of
            its numbers has an entry.
        within: the values that the numbers can have.
        measured: on how many data sets records say the spread; 0: it is assumed.
        data_sets: the number of data sets behind the check in records of all its runs; None: there are none.
        heterogeneity: as in `bench.report.claims.decision.Trial`.
        remark: why records forbid a verdict; often empty.
    """

    spreads: dict[str, list[float]]
    within: Range
    measured: int
    data_sets: int | None
    heterogeneity: float
    remark: str


def assumed(check: Check, plan: Plan, known: Known) -> Assumed:
    """Return what is assumed of the numbers of a check, from records or without."""
    runs, design = runs_of(check, plan), DESIGNS[check.statistic]
    found, remark = _recorded(check, runs, known)
    tasks = dict.fromkeys(run.task for run in runs)
    every = max(design.parts, 1) if check.of_each else 1
    names = [f"{task}{AT}{part}" if part else task for task in tasks for part in range(every)]
    data_sets, heterogeneity, spreads = None, 0.0, {}
    if found is not None:
        if _complete(check, runs, known.frames[check.suite]):
            names, data_sets = list(found.arms), found.cells
        if not known.always or design.spread is not None:
            spreads = _measured(found)
            pairs = {name: found.arms[name] for name in spreads}
            heterogeneity = heterogeneity_of(pairs) if design.spreads else 0.0
    return Assumed(
        {name: spreads.get(name, _usual(check, runs, known, spreads)) for name in names},
        _usual_range(check, runs) if found is None else found.within,
        len({data_set_of(name) for name in spreads}),
        data_sets,
        heterogeneity,
        remark,
    )


def _recorded(check: Check, runs: list[Identity], known: Known) -> tuple[Sampled | None, str]:
    """Return the statistic of a check in records, and why records of all its runs forbid a verdict."""
    frame = known.frames.get(check.suite)
    if frame is None:
        return None, ""
    try:
        found = STATISTICS[check.statistic](frame, **check.arguments)
    except NotRun as error:
        there = set(zip(frame["task"], frame["method"], strict=True))
        complete = all((run.task, run.method) in there for run in runs)
        return None, f"in the records: {error}" if complete else ""
    return found if isinstance(found, Sampled) else None, ""


def _complete(check: Check, runs: list[Identity], frame: pd.DataFrame) -> bool:
    """Return whether records have, of each data set and method, two runs with what a check needs. If the statistic then
    leaves a data set out, it does not depend on the runs, and further seeds do not change it.
    """
    rows = frame[frame["kind"] == SWEEP] if DESIGNS[check.statistic].needs == SWEEP else frame
    seeds = rows.groupby(["task", "method"])["seed"].nunique()
    return all(seeds.get((run.task, run.method), 0) > 1 for run in runs)


def _measured(found: Sampled) -> dict[str, list[float]]:
    """Return the spreads that records say; none if too few runs are behind them."""
    spreads = {
        name: each
        for name, each in zip(found.arms, spreads_of(found.arms), strict=True)
        if not any(map(math.isnan, each))
    }
    freedom = {data_set_of(name): min(map(len, found.arms[name])) - 1 for name in spreads}
    return spreads if sum(freedom.values()) >= LEAST_FREEDOM else {}


def _usual(
    check: Check, runs: list[Identity], known: Known, measured: dict[str, list[float]]
) -> list[float]:
    """Return the spread of each arm on a data set of which records say nothing: that of the other data sets, or the
    assumed one.
    """
    if measured:
        each: list[float] = np.sqrt(np.mean(np.square(list(measured.values())), axis=0)).tolist()
        return each
    design = DESIGNS[check.statistic]
    usual = design.pairs * (known.points if design.spread is None else design.spread)
    if design.by_seed:  # a mean over fractions of the difference of two runs
        fractions = len({run.data_percent for run in runs})
        return [usual * math.sqrt(2 / max(fractions, 1))]
    return [usual] * len(arms_of(check.statistic, check.arguments))


def _usual_range(check: Check, runs: list[Identity]) -> Range:
    """Return the values that the numbers of a check can have, where no records say it."""
    if check.statistic in ("rank_correlation", "correlation_over_methods", "context_trend"):
        return CORRELATION
    if check.statistic == "measured":
        return usual_range(check.arguments["measure"])
    compared = DESIGNS[check.statistic].needs == "scores" and not DESIGNS[check.statistic].log
    return difference_range(unit_of(run.task for run in runs)) if compared and runs else ANY


def seconds_of_seed(check: Check, plan: Plan, frame: pd.DataFrame | None) -> float:
    """Return the core-seconds of one seed of a check: those of recorded runs of the method, on the same
    data set if there are any, with the plan's number of updates; NaN if a method has none.
    """
    if frame is None:
        return math.nan
    rows, total = final(frame), 0.0
    for run in dict.fromkeys(
        (run.task, run.method, run.reward, run.data_percent) for run in runs_of(check, plan)
    ):
        task, method = run[0], run[1]
        known = rows[rows["method"] == method]
        known = known[known["task"] == task] if (known["task"] == task).any() else known
        planned = plan.variants[method].steps_on(task)
        updates = known["step"].clip(lower=1)
        training = known["core_seconds"] * planned / updates
        evaluation = known["run_core_seconds"] - known["core_seconds"]
        total += float((training + evaluation).mean())
    return total
