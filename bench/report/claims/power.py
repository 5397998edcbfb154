"""What a planned config can decide: the power of every check of the claims, before anything runs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING
from bench.report.claims import gates
from bench.report.claims.decision import Trial, expected_truths
from bench.report.claims.designs import DESIGNS
from bench.report.claims.known import Known, assumed, seconds_of_seed
from bench.report.claims.obstacles import data_sets_of, obstacles, runs_of, seeds_of
from bench.report.claims.registry import Check, Claim, claims_about, spell_rule
from bench.runs.plan import Plan
from bench.stats.power import POWER, seeds_for


@dataclass(frozen=True)
class Forecast:
    """What a plan can decide about one check.

    Attributes:
        check: with a rule.
        data_sets, seeds: of the plan.
        spread: the standard deviation of a run over seeds, root mean square over data sets and methods.
        measured: whether records say it; otherwise it is assumed.
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
    measured: bool
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
        return Forecast(check, 0, 0, math.nan, False, 0.0, None, math.nan, tuple(found))
    seeds, data_sets = seeds_of(runs), data_sets_of(check, runs)
    frame = known.frames.get(check.suite)
    taken = assumed(check, plan, known)
    spreads = taken.spreads
    found += [taken.remark] if taken.remark else []
    opening = None if frame is None else gates.evaluate(check, known.frames)
    if opening is not None and not opening.open and opening.reason != gates.NOT_EVALUATED:
        found.append(f"in the records: {opening.reason} ({opening.numbers})")
    # a data set whose gate is closed in the records counts as one without runs
    closed = (
        0 if opening is None or not opening.open else len({r.task for r in runs} & opening.closed)
    )
    judged = spreads[: len(spreads) - closed * max(DESIGNS[check.statistic].parts, 1)]
    trial = Trial(check, judged, expected_truths(check, judged), closed, within=taken.within)
    missing = max(check.min_data_sets - data_sets, 0)
    missing *= DESIGNS[check.statistic].pairs
    larger = [*judged, *(judged[-1:] * missing)]  # the smallest plan that could decide the check
    enough = Trial(check, larger, expected_truths(check, larger), closed, within=taken.within)
    needed = seeds_for(enough.power, aim, least=check.min_seeds)
    hours = math.nan if needed is None else needed * seconds_of_seed(check, plan, frame) / 3600
    return Forecast(
        check=check,
        data_sets=data_sets,
        seeds=seeds,
        spread=float(np.sqrt(np.mean(np.square([one for each in spreads for one in each]))))
        / DESIGNS[check.statistic].pairs,
        measured=taken.measured,
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
        str(one.seeds),
        MISSING
        if math.isnan(one.spread)
        else f"{one.spread:.2g}{'' if one.measured else ' (assumed)'}",
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
        "spread_measured": one.measured,
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
        f"Spread over seeds: {known.source}. It says nothing of methods with one seed. `(assumed)`: {known.points:g} "
        f"points for scores, and in the unit of the statistic (of a ratio: of its logarithm) {others}. "
        "`--records quick` takes the spread of another scale."
    )
