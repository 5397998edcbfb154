"""Rules: what the interval of a measure says of the bounds of a check."""

from __future__ import annotations

import math
from collections.abc import Mapping

from bench.report.claims.measure import Measure, at_once
from bench.report.claims.registry import bounds_of
from bench.stats.intervals import Estimate

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "undecided"
SHOWN = "—"


def apply_rule_to_each(
    measure: Measure, rule: tuple[str, tuple[float, ...]] | None, least: int, of: int
) -> str:
    """Return the result of a rule that must hold on data sets one by one.

    The intervals hold for all data sets at once (Bonferroni). The rule is supported if it holds on at
    least `least` data sets, and not supported if it fails on so many that this is impossible.

    Args:
        measure: with parts.
        rule: of the check.
        least: on how many data sets the rule must hold.
        of: number of data sets, including those without runs. If it is smaller than `least`, the result
            is undecided.
    """
    results = []
    for one in measure.parts.values():
        wide = at_once(one, len(measure.parts))
        results.append(apply_rule(Measure(wide.mean, wide.low, wide.high, 1, 0, 0), rule))
    if SHOWN in results:
        return SHOWN
    if results.count(SUPPORTED) >= least:
        return SUPPORTED
    failed = of - results.count(NOT_SUPPORTED) < least <= of
    return NOT_SUPPORTED if failed else UNDECIDED


def apply_rule(measure: Measure, rule: tuple[str, tuple[float, ...]] | None) -> str:
    """Return the result of a rule: supported if the interval lies inside its bounds, not supported if it
    lies outside, undecided otherwise; `SHOWN` without a rule.
    """
    if rule is None:
        return SHOWN
    if math.isnan(measure.low) or math.isnan(measure.high):
        return UNDECIDED
    least, most = bounds_of(rule)
    if least < measure.low and measure.high < most:
        return SUPPORTED
    return NOT_SUPPORTED if measure.high < least or measure.low > most else UNDECIDED


def spell_parts(parts: Mapping[str, Estimate], judged: Measure | None) -> str:
    """Return the numbers of the data sets, with the intervals that a rule about single data sets is applied to.

    Args:
        parts: of the measure.
        judged: the measure without the data sets whose gate is closed; None: the rule is about the mean.
    """
    brackets = {} if judged is None else judged.parts
    texts = []
    for name, one in parts.items():
        text = f"{name} {one.mean:.2f}"
        if name in brackets:
            wide = at_once(one, len(brackets))
            text += "" if math.isnan(wide.low) else f" [{wide.low:.2f}, {wide.high:.2f}]"
        texts.append(text)
    note = f" (brackets hold for all {len(brackets)} at once)" if len(brackets) > 1 else ""
    return ", ".join(texts) + note
