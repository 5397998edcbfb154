"""What a planned config can decide: the power of every check of the claims, before anything runs."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims import gates
from bench.report.claims.decision import Trial, spreads_of
from bench.report.claims.designs import DESIGNS, arms_of
from bench.report.claims.measure import NotRun
from bench.report.claims.obstacles import data_sets_of, obstacles, runs_of, seeds_of
from bench.report.claims.registry import Check, Claim, all_claims, spell_rule
from bench.report.claims.sampled import Sampled
from bench.report.claims.statistics import STATISTICS
from bench.report.frame import final
from bench.report.scores import collect
from bench.runs import archive
from bench.runs.plan import Plan
from bench.stats.power import POWER, seeds_for

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


@dataclass(frozen=True)
class Forecast:
    """What a plan can decide about one check.

    Attributes:
        check: with a rule.
        data_sets, seeds: of the plan.
        spread: the assumed standard deviation over seeds, root mean square over data sets and methods.
        power: the probability of a verdict if the check's `truth` is true.
        needed: seeds for the power that is aimed at, on the data sets of the plan or on as many as the rule
            needs; None: no number has it.
        core_hours: of all runs at this number of seeds; NaN if the times are unknown.
        obstacles: why it can never be decided, whatever the power.
    """

    check: Check
    data_sets: int
    seeds: int
    spread: float
    power: float
    needed: int | None
    core_hours: float
    obstacles: tuple[str, ...]

    def decidable(self, aim: float) -> bool:
        """Return whether a verdict has at least this probability."""
        return not self.obstacles and self.power >= aim


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


def forecast(
    check: Check, plan: Plan, config: dict[str, Any], known: Known, aim: float
) -> Forecast:
    """Return what a plan can decide about a check with a rule."""
    runs = runs_of(check, plan)
    found = obstacles(check, plan, config)
    if not runs:
        return Forecast(check, 0, 0, math.nan, 0.0, None, math.nan, tuple(found))
    seeds, data_sets = seeds_of(runs), data_sets_of(runs)
    frame = known.frames.get(check.suite)
    spreads, remark = _spreads(check, plan, known)
    found += [remark] if remark else []
    opening = None if frame is None else gates.evaluate(check, known.frames)
    if opening is not None and opening.reason not in ("", gates.NOT_EVALUATED):
        found.append(f"in the records: {opening.reason} ({opening.numbers})")
    assert check.truth is not None
    trial = Trial(check, spreads, [check.truth] * len(spreads))
    missing = max(check.min_data_sets - data_sets, 0)
    larger = [*spreads, *(spreads[-1:] * missing)]  # the smallest plan that could decide the check
    enough = Trial(check, larger, [check.truth] * len(larger))
    needed = seeds_for(enough.power, aim, least=max(2, check.min_seeds))
    hours = math.nan if needed is None else needed * _seconds_of_seed(check, plan, frame) / 3600
    return Forecast(
        check=check,
        data_sets=data_sets,
        seeds=seeds,
        spread=float(np.sqrt(np.mean(np.square([one for each in spreads for one in each])))),
        power=trial.power(seeds) if seeds >= 2 else 0.0,
        needed=needed,
        core_hours=hours,
        obstacles=tuple(found),
    )


def make(plan: Plan, config: dict[str, Any], known: Known, aim: float = POWER) -> Artifact:
    """Return the table of what a config can decide.

    Args:
        plan: of the config.
        config: the merged config.
        known: of the spread over seeds.
        aim: the probability of a verdict that counts as enough.

    Raises:
        ValueError: the aim is not between 0 and 1.
    """
    body, numbers = [], []
    forecasts = forecasts_of(plan, config, known, aim)
    for claim, found in forecasts:
        for position, one in enumerate(found):
            body.append([claim.id if position == 0 else "", *_cells(one, aim)])
            numbers.append({"id": claim.id, **_numbers(one, aim)})
    headings = ["", "Check", "Suite", "Data sets", "Seeds", "Spread", "Rule", "If truly", "Power"]
    headings += ["Can be decided", f"Seeds for {aim:g}", "Core-hours", "Remarks"]
    can = [claim.id for claim, found in forecasts if decides(claim, found, aim)]
    notes = [
        f"{len(can)} of {len(forecasts)} claims can be decided with probability {aim:g}: {', '.join(can) or 'none'}.",
        "Power: the probability of a verdict if the true value is that of the column `If truly`, which the claim "
        "expects. Seeds: on the data sets of the plan, or on as many as the rule needs. Core-hours: training and "
        "evaluation of all runs of the check with this number of seeds.",
        *_needs(forecasts),
        _source(known),
    ]
    title = f"What scale {plan.scale} can decide of the claims, before it runs."
    return Artifact(title, headings, body, notes, pd.DataFrame(numbers))


def forecasts_of(
    plan: Plan, config: dict[str, Any], known: Known, aim: float
) -> list[tuple[Claim, list[Forecast]]]:
    """Return each claim with the forecasts of its checks with a rule."""
    return [
        (claim, [forecast(check, plan, config, known, aim) for check in claim.checks if check.rule])
        for claim in all_claims()
    ]


def decides(claim: Claim, found: list[Forecast], aim: float) -> bool:
    """Return whether a claim gets a verdict: from all of its checks, or from one if one is enough."""
    enough = any if claim.any else all
    return enough(one.decidable(aim) for one in found)


def refusals(plan: Plan, config: dict[str, Any], known: Known) -> list[str]:
    """Return a line for each check that lacks the power which its suite asks for in the config."""
    lines = []
    for claim in all_claims():
        for check in claim.checks:
            aim = config["suites"].get(check.suite, {}).get("power")
            if check.rule is None or aim is None:
                continue
            one = forecast(check, plan, config, known, float(aim))
            if not one.decidable(float(aim)):
                need = f"needs {one.needed} seeds" if one.needed else "no number of seeds has it"
                why = "; ".join(one.obstacles) or f"power {one.power:.2f}, {need}"
                lines.append(
                    f"suite `{check.suite}` asks for power {aim:g}, and {claim.id}, {check.name}, "
                    f"cannot have it: {why}"
                )
    return lines


def _spreads(check: Check, plan: Plan, known: Known) -> tuple[list[list[float]], str]:
    """Return the assumed spread of each arm on each number of a check, and why records forbid a verdict."""
    runs, design = runs_of(check, plan), DESIGNS[check.statistic]
    arms, remark = len(arms_of(check.statistic, check.arguments)), ""
    measured: dict[str, list[float]] = {}
    frame = known.frames.get(check.suite)
    if frame is not None:
        recorded = set(zip(frame["task"], frame["method"], strict=True))
        try:
            found = STATISTICS[check.statistic](frame, **check.arguments)
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
    usual = known.points if design.spread is None else design.spread
    pooled = (
        np.sqrt(np.mean(np.square(list(measured.values())), axis=0)).tolist()
        if measured
        else [usual] * arms
    )
    cells = dict.fromkeys((run.task, run.data_percent) for run in runs)
    names = [task if percent == 100 else f"{task} {percent:g} %" for task, percent in cells]
    each = design.parts if check.every or check.least else 1
    return [measured.get(name, pooled) for name in names for _ in range(each)], remark


def _seconds_of_seed(check: Check, plan: Plan, frame: pd.DataFrame | None) -> float:
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


def _cells(one: Forecast, aim: float) -> list[str]:
    check = one.check
    assert check.truth is not None
    return [
        check.name,
        check.suite,
        str(one.data_sets),
        str(one.seeds),
        MISSING if math.isnan(one.spread) else f"{one.spread:.2g}",
        spell_rule(check),
        f"{check.truth:g}",
        f"{one.power:.2f}",
        "yes" if one.decidable(aim) else "no",
        MISSING if one.needed is None else str(one.needed),
        MISSING if math.isnan(one.core_hours) else f"{one.core_hours:.1f}",
        "; ".join(one.obstacles),
    ]


def _numbers(one: Forecast, aim: float) -> dict[str, object]:
    return {
        "check": one.check.name,
        "suite": one.check.suite,
        "data_sets": one.data_sets,
        "seeds": one.seeds,
        "spread": one.spread,
        "rule": spell_rule(one.check),
        "truth": one.check.truth,
        "power": one.power,
        "decidable": one.decidable(aim),
        "seeds_needed": one.needed,
        "core_hours": one.core_hours,
        "obstacles": "; ".join(one.obstacles),
    }


def _needs(forecasts: list[tuple[Claim, list[Forecast]]]) -> list[str]:
    """Return a note with the seeds that the checks of each suite need."""
    needs: dict[str, list[int | None]] = {}
    for _, found in forecasts:
        for one in found:
            if one.seeds:
                needs.setdefault(one.check.suite, []).append(one.needed)
    if not needs:
        return []
    texts = [
        f"{suite} {'none is enough' if None in seeds else max(n for n in seeds if n is not None)}"
        for suite, seeds in needs.items()
    ]
    return [f"Seeds for all checks of a suite: {', '.join(texts)}."]


def _source(known: Known) -> str:
    others = ", ".join(
        f"{name} {design.spread:g}" for name, design in DESIGNS.items() if design.spread is not None
    )
    return (
        f"Spread over seeds: {known.source}. Where it says nothing: {known.points:g} points for scores, and "
        f"in the unit of the statistic (of a ratio: of its logarithm) {others}."
    )
