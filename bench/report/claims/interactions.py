"""The statistic of how a difference of two methods changes with the kind of observations."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from bench.report.claims.comparisons import paired, spell
from bench.report.claims.measure import About, Cell, Measure, NotRun, to_measure
from bench.report.claims.pairs import pairs_of
from bench.report.claims.sampled import with_arms
from bench.stats.intervals import difference

Pair = tuple[list[float], list[float]]  # the scores of two methods on a data set


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
    groups, about, cells = paired(scores, [method, against])
    by_task = {task: (a, b) for (task, _), a, b in zip(cells, *groups, strict=True)}
    pairs = pairs_of(by_task, family, base)
    if not pairs:
        raise NotRun(
            f"no pair of data sets of {family} and {base} has runs of {method} and {against}"
        )
    return _difference_of_differences(
        [one for one, _ in pairs],
        [by_task[one] for one, _ in pairs],
        [by_task[other] for _, other in pairs],
        about,
        [(task, 100.0) for side in zip(*pairs, strict=True) for task in side],
    )


def _difference_of_differences(
    names: list[str], first: list[Pair], second: list[Pair], about: About, cells: list[Cell]
) -> Measure:
    """Return (a - b) of the first side minus (a - b) of the second, mean over pairs of data sets, with parts.

    It is the mean of a - b on the first side and b - a on the second, doubled.
    """
    ours = [_doubled(a) for a, _ in first] + [_doubled(b) for _, b in second]
    theirs = [_doubled(b) for _, b in first] + [_doubled(a) for a, _ in second]
    count = len(names)
    parts = {
        name: difference([ours[i], ours[count + i]], [theirs[i], theirs[count + i]])
        for i, name in enumerate(names)
    }
    measure = replace(to_measure(difference(ours, theirs), about), cells=count, parts=parts)
    return with_arms(measure, spell(cells), ours, theirs)


def _doubled(runs: list[float]) -> list[float]:
    return [2 * score for score in runs]
