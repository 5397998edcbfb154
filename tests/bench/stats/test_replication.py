"""What verdicts can say before there is a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.paper import cells
from bench.stats.replication import SEEDS, allows_verdict, probability_of_reproduction
from bench.stats.verdicts import MARGIN, REPRODUCED, compare, verdicts_of

# the standard deviations that Table 2 prints for DT
PRINTED = sorted(
    cell.std
    for (table, _, _), cell in cells().items()
    if table == "Table 2" and cell.std is not None
)


def test_many_seeds_by_hand() -> None:
    # the interval of our mean has no width left: |difference| < 5, standard deviation 3 / sqrt(3)
    expected = 2 * stats.norm.cdf(5 / (3 / math.sqrt(3))) - 1
    assert probability_of_reproduction(3.0, 5.0, 1_000_000, 3) == pytest.approx(expected, abs=1e-2)


def test_two_seeds_by_hand() -> None:
    # almost no spread: certain
    assert probability_of_reproduction(0.001, 5.0, 2, 3) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(("std", "seeds"), [(1.3, 3), (1.8, 5), (3.0, 10), (3.4, 30)])
def test_the_probability_is_that_of_simulated_replications(std: float, seeds: int) -> None:
    source = np.random.default_rng(0)
    repeats = 2000
    found = 0
    for _ in range(repeats):
        printed = float(source.normal(50, std / math.sqrt(3)))
        ours = source.normal(50, std, seeds)
        half = stats.t.isf(0.025, seeds - 1) * ours.std(ddof=1) / math.sqrt(seeds)
        found += abs(ours.mean() - printed) + half <= 5
    expected = probability_of_reproduction(std, 5.0, seeds, 3)
    assert found / repeats == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("std", PRINTED)
def test_more_seeds_and_a_wider_margin_never_lower_it(std: float) -> None:
    by_seeds = [probability_of_reproduction(max(std, 0.05), 5.0, n, 3) for n in (3, 5, 10, 30, 100)]
    assert by_seeds == sorted(by_seeds)
    by_margin = [probability_of_reproduction(std, margin, 10, 3) for margin in (1.0, 2.0, 5.0, 9.0)]
    assert by_margin == sorted(by_margin)


def test_only_the_ratio_of_spread_and_margin_matters() -> None:
    one, two = (probability_of_reproduction(3 * k, 5 * k, 10, 3) for k in (1.0, 37.0))
    assert one == pytest.approx(two)


def test_more_cells_lower_it() -> None:
    many = [probability_of_reproduction(2.4, 5.0, 10, 3, tests) for tests in (1, 2, 12)]
    assert many == sorted(many, reverse=True)


def test_which_cells_of_table_2_allow_a_verdict() -> None:
    assert len(PRINTED) == 12
    assert [std for std in PRINTED if not allows_verdict(std, MARGIN, 3)] == [3.4, 7.0]
    assert SEEDS == 10


def test_one_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="1 seeds have no interval"):
        probability_of_reproduction(1.0, 5.0, 1, 3)


@pytest.mark.slow
def test_a_true_replication_of_table_2_is_reproduced_wherever_it_can_be() -> None:
    """With Holm's correction over the table, 10 seeds, and spreads as printed."""
    source = np.random.default_rng(3)
    repeats = 1000
    stds = [std for std in PRINTED if allows_verdict(std, MARGIN, 3)]
    found = np.zeros(len(stds))
    for _ in range(repeats):
        table = [
            compare(
                source.normal(50, std, SEEDS).tolist(),
                float(source.normal(50, std / math.sqrt(3))),
                std,
            )
            for std in stds
        ]
        found += [verdict.word == REPRODUCED for verdict in verdicts_of(table)]
    assert (found / repeats >= 0.8).all(), found / repeats
