"""What a planned config can decide: the power of every check of the claims, before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims import gates
from bench.report.claims.decision import Trial, expected_truths
from bench.report.claims.designs import DESIGNS
from bench.report.claims.known import LEAST_FREEDOM, Known, assumed, seconds_of_seed
from bench.report.claims.obstacles import data_sets_of, obstacles, runs_of, seeds_of
from bench.report.claims.registry import Check, Claim, claims_about, spell_rule
from bench.report.claims.sampled import data_set_of
from bench.runs.plan import Plan
from bench.stats.power import POWER, seeds_for


@dataclass(frozen=True)
class Forecast:
    """What a plan can decide about one check.

    Attributes:
        check: with a rule.
        data_sets: of the plan, or as many as the statistic uses in records of all these runs.
        seeds: of the plan, of each compared arm.
        spread: the standard deviation of a run over seeds, root mean square over data sets and methods.
        measured: on how many data sets records say it; 0: it is assumed.
        power: the probability of a verdict if the check's `truth` is true.
        needed: seeds for the power that is aimed at, on the data sets of the plan or on as many as the rule
            needs; None: no number has it.
        core_hours: of all runs at this number of seeds; NaN if the times are unknown.
        obstacles: why it can never be decided, whatever the power.
    """

    check: Check
    data_sets: int
    seeds: tuple[int, ...]
    spread: float
    measured: int
    power: float
    needed: int | None
    core_hours: float
    obstacles: tuple[str, ...]

    def decidable(self, aim: float) -> bool:
        """Return whether a verdict has at least this probability."""
        return not self.obstacles and self.power >= aim


def forecast(
    check: Check, plan: Plan, config: dict[str, Any], known: Known, aim: float
) -> Forecast:
    """Return what a plan can decide about a check with a rule."""
    runs = runs_of(check, plan)
    found = obstacles(check, plan, config)
    if not runs:
        return Forecast(check, 0, (0,), math.nan, 0, 0.0, None, math.nan, tuple(found))
    seeds, data_sets = seeds_of(check, runs), data_sets_of(check, runs)
    frame = known.frames.get(check.suite)
    taken = assumed(check, plan, known)
    found += [taken.remark] if taken.remark else []
    if taken.data_sets is not None and taken.data_sets < check.min_data_sets <= data_sets:
        found.append(
            f"in the records: {taken.data_sets} data set(s) have this number, needs {check.min_data_sets}"
        )
    data_sets = data_sets if taken.data_sets is None else taken.data_sets
    names = () if taken.data_sets is None else {data_set_of(name) for name in taken.spreads}
    opening = None if frame is None else gates.evaluate(check, known.frames, names)
    if opening is not None and not opening.open and opening.reason != gates.NOT_EVALUATED:
        found.append(f"in the records: {opening.reason} ({opening.numbers})")
    # a data set whose gate is closed in the records counts as one without runs
    closed = opening.closed if opening is not None and opening.open else frozenset()
    judged = [each for name, each in taken.spreads.items() if data_set_of(name) not in closed]
    lacking = len({data_set_of(name) for name in taken.spreads} & closed)
    truths = expected_truths(check, judged)
    trial = Trial(check, judged, truths, lacking, taken.heterogeneity, taken.within)
    missing = max(check.min_data_sets - data_sets, 0)
    missing *= DESIGNS[check.statistic].pairs
    larger = [*judged, *(judged[-1:] * missing)]  # the smallest plan that could decide the check
    enough = replace(trial, spreads=larger, truths=expected_truths(check, larger))
    needed = seeds_for(enough.power, aim, least=check.min_seeds)
    hours = math.nan if needed is None else needed * seconds_of_seed(check, plan, frame) / 3600
    return Forecast(
        check=check,
        data_sets=data_sets,
        seeds=seeds,
        spread=float(
            np.sqrt(np.mean(np.square([one for each in taken.spreads.values() for one in each])))
        )
        / DESIGNS[check.statistic].pairs,
        measured=taken.measured,
        power=trial.power(seeds) if min(seeds) >= 2 else 0.0,
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
    can = [claim.id for claim, found in forecasts if decides(found, aim)]
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
        for claim in claims_about(plan.runs)
    ]


def decides(found: list[Forecast], aim: float) -> bool:
    """Return whether a claim gets a verdict from all of its checks."""
    return all(one.decidable(aim) for one in found)


def refusals(plan: Plan, config: dict[str, Any], known: Known) -> list[str]:
    """Return a line for each check that lacks the power which its suite asks for in the config."""
    lines = []
    for claim in claims_about(plan.runs):
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


def _cells(one: Forecast, aim: float) -> list[str]:
    check = one.check
    assert check.truth is not None
    return [
        check.name,
        check.suite,
        str(one.data_sets),
        " to ".join(str(count) for count in sorted({min(one.seeds), max(one.seeds)})),
        _spell_spread(one),
        spell_rule(check),
        f"{check.truth:g}",
        f"{one.power:.2f}",
        "yes" if one.decidable(aim) else "no",
        MISSING if one.needed is None else str(one.needed),
        MISSING if math.isnan(one.core_hours) else f"{one.core_hours:.1f}",
        "; ".join(one.obstacles),
    ]


def _spell_spread(one: Forecast) -> str:
    if math.isnan(one.spread):
        return MISSING
    if not one.measured:
        return f"{one.spread:.2g} (assumed)"
    part = one.measured < one.data_sets * DESIGNS[one.check.statistic].pairs
    return f"{one.spread:.2g}" + (f" (from {one.measured} data sets)" if part else "")


def _numbers(one: Forecast, aim: float) -> dict[str, object]:
    return {
        "check": one.check.name,
        "suite": one.check.suite,
        "data_sets": one.data_sets,
        "seeds": min(one.seeds),
        "most_seeds": max(one.seeds),
        "spread": one.spread,
        "spread_measured": one.measured > 0,
        "spread_data_sets": one.measured,
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
            if min(one.seeds):
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
        f"Spread over seeds: {known.source}, where it has at least {LEAST_FREEDOM} degrees of freedom over all data "
        "sets (a data set with n seeds has n - 1). A data set without a measured spread takes that of the others. "
        f"`(assumed)`: {known.points:g} points for scores, and in the unit of the statistic (of a ratio: of its "
        f"logarithm) {others}. "
        "`--records quick` takes the spread of another scale."
    )
