"""Statistics of how a difference of two methods changes with the kind of observations."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bench.report.claims.comparisons import paired, spell
from bench.report.claims.measure import Measure, NotRun, to_measure
from bench.report.claims.pairs import pairs_of
from bench.report.claims.sampled import with_arms
from bench.stats.intervals import difference


def interaction(scores: pd.DataFrame, method: str, against: str, family: str, base: str) -> Measure:
    """Return (`method` minus `against`) on the data sets of one family, minus the same on those of another, mean over
    pairs of data sets.

    The pairs are those of `bench.report.claims.pairs`.

    Args:
        scores: of a suite.
        method: the first method.
        against: the second method.
        family: of the first data sets.
        base: the family of the second data sets.

    Raises:
        NotRun: no pair has runs of both methods.
    """
    groups, about, cells = paired(scores, [method, against], (100,))
    by_task = {task: (a, b) for (task, _), a, b in zip(cells, *groups, strict=True)}
    pairs = pairs_of(by_task, family, base)
    if not pairs:
        raise NotRun(
            f"no pair of data sets of {family} and {base} has runs of {method} and {against}"
        )
    # (a - b) - (c - d) is the mean of a - b and d - c, doubled
    ours = [_doubled(by_task[one][0]) for one, _ in pairs]
    ours += [_doubled(by_task[other][1]) for _, other in pairs]
    theirs = [_doubled(by_task[one][1]) for one, _ in pairs]
    theirs += [_doubled(by_task[other][0]) for _, other in pairs]
    names = [(task, 100.0) for side in zip(*pairs, strict=True) for task in side]
    count = len(pairs)
    parts = {
        one: difference([ours[i], ours[count + i]], [theirs[i], theirs[count + i]])
        for i, (one, _) in enumerate(pairs)
    }
    measure = replace(to_measure(difference(ours, theirs), about), cells=count, parts=parts)
    return with_arms(measure, spell(names), ours, theirs)


def _doubled(runs: list[float]) -> list[float]:
    return [2 * score for score in runs]
