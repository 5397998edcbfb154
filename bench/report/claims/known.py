"""What is known of the spread over seeds and of the cost before a config runs: from packed records, or assumed."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bench.report.claims.decision import spreads_of
from bench.report.claims.designs import DESIGNS, arms_of
from bench.report.claims.measure import NotRun
from bench.report.claims.obstacles import runs_of
from bench.report.claims.registry import Check
from bench.report.claims.sampled import Sampled
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
        spreads: the standard deviation over seeds of each arm, for each number of the check.
        within: the values that the numbers can have.
        measured: whether records say anything of the spread.
        remark: why records forbid a verdict; often empty.
    """

    spreads: list[list[float]]
    within: Range
    measured: bool
    remark: str


def assumed(check: Check, plan: Plan, known: Known) -> Assumed:
    """Return what is assumed of the numbers of a check, from records or without."""
    runs, design = runs_of(check, plan), DESIGNS[check.statistic]
    arms, remark = len(arms_of(check.statistic, check.arguments)), ""
    within = _usual_range(check, runs)
    measured: dict[str, list[float]] = {}
    frame = known.frames.get(check.suite)
    if frame is not None:
        recorded = set(zip(frame["task"], frame["method"], strict=True))
        try:
            found = STATISTICS[check.statistic](frame, **check.arguments)
            within = found.within
            if isinstance(found, Sampled) and not (known.always and design.spread is None):
                spreads = spreads_of(found.arms)
                measured = {
                    name: each
                    for name, each in zip(found.arms, spreads, strict=True)
                    if not any(map(math.isnan, each))
                }
        except NotRun as error:
            if all((run.task, run.method) in recorded for run in runs):
                remark = f"in the records: {error}"
    usual = design.pairs * (known.points if design.spread is None else design.spread)
    if design.by_seed:  # a mean over fractions of the difference of two runs
        fractions = len({run.data_percent for run in runs})
        arms, usual = 1, usual * math.sqrt(2 / max(fractions, 1))
    pooled = (
        np.sqrt(np.mean(np.square(list(measured.values())), axis=0)).tolist()
        if measured
        else [usual] * arms
    )
    names = dict.fromkeys(run.task for run in runs)
    each = design.parts if check.every or check.least else 1
    spreads = [measured.get(name, pooled) for name in names for _ in range(each)]
    return Assumed(spreads, within, bool(measured), remark)


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
