"""How often a table holds a wrong verdict, by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench.stats.intervals import Range
from bench.stats.verdicts import (
    DIFFERS,
    ERROR_RATE,
    REPRODUCED,
    WITHIN_RATE,
    compare,
    compare_exact,
    verdicts_of,
)

REPEATS = 400
STDS = np.linspace(0.3, 3, 12)  # of the paper, for the cells of a table


def at_most(rate: float) -> float:
    """Return the largest share of wrong tables that such an error rate explains (three errors)."""
    return rate + 3 * math.sqrt(rate * (1 - rate) / REPEATS)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [5, 30])
@pytest.mark.parametrize(
    "ratio", [0.3, 1.0, 3.0], ids=lambda ratio: f"our std is {ratio} of theirs"
)
def test_equal_means_are_rarely_called_different(ratio: float, seeds: int) -> None:
    source = np.random.default_rng(2)
    wrong = 0
    for _ in range(REPEATS):
        cells = []
        for std in STDS:
            theirs = source.normal(50, std, 3)
            ours = source.normal(50, ratio * std, seeds).tolist()
            cells.append(compare(ours, float(theirs.mean()), float(theirs.std(ddof=1))))
        wrong += any(verdict.word == DIFFERS for verdict in verdicts_of(cells))
    assert wrong / REPEATS <= at_most(ERROR_RATE)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 10])
def test_a_mean_at_the_margin_is_rarely_called_reproduced(seeds: int) -> None:
    source = np.random.default_rng(3)
    wrong = uncorrected = 0
    for _ in range(REPEATS):
        cells = [compare(source.normal(55, std, seeds).tolist(), 50.0, 1.0) for std in STDS]
        wrong += any(verdict.word == REPRODUCED for verdict in verdicts_of(cells))
        uncorrected += any(cell.equivalent <= WITHIN_RATE for cell in cells)
    assert wrong / REPEATS <= at_most(WITHIN_RATE)
    assert uncorrected / REPEATS > 0.15


@pytest.mark.slow
def test_a_rate_at_the_margin_is_rarely_called_reproduced() -> None:
    source = np.random.default_rng(4)
    wrong = 0
    for _ in range(REPEATS):
        wins = source.binomial(1000, 0.768, (10, 3)) / 10
        cells = [compare_exact(rates.tolist(), 71.8, within=Range(0, 100, 1000)) for rates in wins]
        wrong += any(verdict.word == REPRODUCED for verdict in verdicts_of(cells))
    assert wrong / REPEATS <= at_most(WITHIN_RATE)
