"""bench/stats/power.py: power against simulations and textbook values, and the table of seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from bench.stats.intervals import difference
from bench.stats.power import at_least, not_supported, seeds_for, supported

INF = math.inf
WITHIN, NOT_WORSE, BETTER = ((-5.0, 5.0), 0.0), ((-5.0, INF), 0.0), ((0.0, INF), 10.0)


def power(
    rule: tuple[tuple[float, float], float], deviation: float, data_sets: int, seeds: int
) -> float:
    bounds, truth = rule
    return supported(bounds, truth, [[deviation, deviation]] * data_sets, seeds)


def simulated(
    rule: tuple[tuple[float, float], float], deviation: float, data_sets: int, seeds: int
) -> float:
    """Return how often the interval of `bench.stats.intervals.difference` lies inside the bounds."""
    random, trials = np.random.default_rng(0), 1500
    (low, high), truth = rule
    hits = 0
    for _ in range(trials):
        ours = random.normal(truth, deviation, (data_sets, seeds))
        theirs = random.normal(0, deviation, (data_sets, seeds))
        found = difference(ours.tolist(), theirs.tolist())
        hits += low < found.low and found.high < high
    return hits / trials


@pytest.mark.parametrize(
    ("rule", "deviation", "data_sets", "seeds"),
    [
        (WITHIN, 6, 9, 4),
        (WITHIN, 3, 3, 4),
        (NOT_WORSE, 12, 9, 12),
        (NOT_WORSE, 3, 9, 2),
        (BETTER, 12, 3, 10),
        (BETTER, 6, 9, 2),
        (BETTER, 3, 1, 3),
        (WITHIN, 3, 3, 3),
    ],
)
def test_power_is_that_of_a_simulation(
    rule: tuple[tuple[float, float], float], deviation: float, data_sets: int, seeds: int
) -> None:
    found = power(rule, deviation, data_sets, seeds)
    assert found == pytest.approx(simulated(rule, deviation, data_sets, seeds), abs=0.035)


# seeds for a verdict with probability 0.8, by the number of data sets (1, 3, 9) and the standard deviation over
# seeds, on a coarse grid
GRID = (2, 3, 4, 5, 8, 10, 12, 15, 25, 40, 50, 100, 150)
TABLE = {
    ("within", 12): (150, 50, 15),
    ("within", 6): (40, 12, 4),
    ("within", 3): (10, 4, 2),
    ("not worse", 12): (100, 40, 12),
    ("not worse", 6): (25, 8, 3),
    ("not worse", 3): (8, 3, 2),
    ("better", 12): (25, 10, 3),
    ("better", 6): (8, 3, 2),
    ("better", 3): (4, 2, 2),
}
RULES = {"within": WITHIN, "not worse": NOT_WORSE, "better": BETTER}


@pytest.mark.parametrize(("kind", "deviation"), TABLE)
def test_seeds_by_data_sets_and_spread(kind: str, deviation: int) -> None:
    """The number of the table is enough, and the next smaller one of the grid is not (up to 0.01)."""
    for data_sets, seeds in zip((1, 3, 9), TABLE[kind, deviation], strict=True):
        assert power(RULES[kind], deviation, data_sets, seeds) >= 0.8
        if seeds > 2:
            fewer = GRID[GRID.index(seeds) - 1]
            assert power(RULES[kind], deviation, data_sets, fewer) < 0.81


def test_one_bound_is_the_noncentral_t_distribution() -> None:
    """Five runs with deviation 4: standard error 4 / sqrt(5), noncentrality 5 sqrt(5) / 4."""
    expected = stats.nct.sf(stats.t.isf(0.025, 4), 4, 5 * math.sqrt(5) / 4)
    assert supported((0.0, INF), 5.0, [[4.0]], 5) == pytest.approx(expected, abs=0.01)
    assert supported((-INF, 0.0), -5.0, [[4.0]], 5) == pytest.approx(expected, abs=0.01)
    assert not_supported((0.0, INF), -5.0, [[4.0]], 5) == pytest.approx(expected, abs=0.01)


def test_a_true_value_at_the_bound_is_supported_as_often_as_the_level_says() -> None:
    assert supported((0.0, INF), 0.0, [[3.0]], 8) == pytest.approx(0.025, abs=0.002)
    assert supported((0.0, INF), 0.0, [[3.0]], 8, many=5) == pytest.approx(0.005, abs=0.001)


def test_without_spread_the_true_value_decides() -> None:
    assert supported((0.0, INF), 1.0, [[0.0, 0.0]], 2) == 1
    assert supported((0.0, INF), -1.0, [[0.0]], 2) == 0
    assert not_supported((0.0, INF), -1.0, [[0.0]], 2) == 1


def test_a_method_without_spread_leaves_the_other_s_degrees_of_freedom() -> None:
    both = supported((0.0, INF), 5.0, [[4.0, 0.0]], 5)
    assert both == pytest.approx(supported((0.0, INF), 5.0, [[4.0]], 5), abs=0.01)


def test_at_least_some_of_independent_events() -> None:
    assert at_least(1, [0.5, 0.2]) == pytest.approx(0.6)
    assert at_least(2, [0.5, 0.2]) == pytest.approx(0.1)
    assert at_least(0, [0.5]) == pytest.approx(1)
    assert at_least(3, [1.0, 1.0]) == 0


def test_the_smallest_number_of_seeds_is_found() -> None:
    asked: list[int] = []

    def steps(seeds: int) -> float:
        asked.append(seeds)
        return 0.9 if seeds >= 37 else 0.1

    assert seeds_for(steps) == 37
    assert len(asked) < 20
    assert seeds_for(steps, least=50) == 50
    assert seeds_for(lambda seeds: 0.5) is None
    assert seeds_for(lambda seeds: float(seeds >= 1000)) == 1000


@pytest.mark.parametrize("aim", [0.0, 1.0, 1.5, -0.1])
def test_certainty_is_refused(aim: float) -> None:
    with pytest.raises(ValueError, match=r"give more than 0 and less than 1"):
        seeds_for(lambda seeds: 1.0, aim)


def test_one_seed_has_no_error() -> None:
    with pytest.raises(ValueError, match="1 data sets with 1 seeds have no standard error"):
        supported((0.0, INF), 1.0, [[1.0]], 1)
    with pytest.raises(ValueError, match="0 data sets with 3 seeds have no standard error"):
        not_supported((0.0, INF), 1.0, [], 3)
