"""Point estimates and intervals against rliable, by the authors of the estimators.

rliable 1.2.0 cannot be imported beside pandas 3, which this project's lock has; these tests run in
an environment of their own (pip install rliable==1.2.0 "pandas<3" "arch<8").
"""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from bench.core.seeds import generator
from bench.stats import aggregates
from bench.stats.bootstrap import interval

UNAVAILABLE = 'rliable is not installed or not importable, as beside pandas 3: it needs "pandas<3"'
library: ModuleType = pytest.importorskip("rliable.library", reason=UNAVAILABLE, exc_type=Exception)
metrics: ModuleType = pytest.importorskip("rliable.metrics", reason=UNAVAILABLE)

THRESHOLDS = np.linspace(-20, 130, 31)


def scores(name: str, runs: int, tasks: int = 9) -> np.ndarray:
    """Shape (tasks, runs), some of them equal."""
    source = generator("test-rliable", name)
    return np.round(source.normal(source.uniform(20, 110, (tasks, 1)), 12, (tasks, runs)))


SHAPES = [(1, 1), (3, 1), (3, 9), (5, 4), (10, 9), (7, 12)]
POINTS = {
    "mean": (aggregates.mean, metrics.aggregate_mean),
    "median": (aggregates.median, metrics.aggregate_median),
    "iqm": (aggregates.iqm, metrics.aggregate_iqm),
    "gap": (aggregates.optimality_gap, lambda x: metrics.aggregate_optimality_gap(x, gamma=100)),
    "profile": (
        lambda groups: aggregates.profile(groups, THRESHOLDS),
        lambda x: library.score_distributions(x, THRESHOLDS),
    ),
}


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.parametrize(("runs", "tasks"), SHAPES)
def test_point_estimates_are_rliables(name: str, runs: int, tasks: int) -> None:
    ours, theirs = POINTS[name]
    matrix = scores("points", runs, tasks)
    assert ours(matrix) == pytest.approx(theirs(matrix.T), rel=1e-12)


@pytest.mark.parametrize("runs", [1, 3, 10])
def test_the_probability_of_improvement_is_rliables(runs: int) -> None:
    xs, ys = scores("x", 10), scores("y", runs)
    expected = metrics.probability_of_improvement(xs.T, ys.T)
    assert aggregates.probability_of_improvement(xs, ys) == pytest.approx(expected, rel=1e-12)
    assert aggregates.probability_of_improvement(xs, xs) == 0.5


@pytest.mark.parametrize("name", POINTS)
def test_plain_intervals_are_rliables(name: str) -> None:
    ours, theirs = POINTS[name]
    matrix = scores("intervals", 10)
    found = interval(
        ours, matrix, generator=generator("test-rliable"), replicates=10_000, widen=False
    )
    _, expected = library.get_interval_estimates(
        {"m": matrix.T}, lambda x: np.atleast_1d(theirs(x)), reps=4000
    )
    # a twelfth of the widths, as both are random and rliable's cannot be seeded; a profile moves by
    # whole runs
    width, step = np.diff(expected["m"], axis=0).max(), 1 / matrix.size * (name == "profile")
    assert np.reshape(found, (2, -1)) == pytest.approx(expected["m"], abs=width / 12 + step)


def test_plain_intervals_of_two_samples_are_rliables() -> None:
    xs, ys = scores("x", 10), scores("y", 6)
    found = interval(
        aggregates.probability_of_improvement,
        xs,
        ys,
        generator=generator("test-rliable"),
        replicates=10_000,
        widen=False,
    )
    _, expected = library.get_interval_estimates(
        {"xy": [xs.T, ys.T]},
        lambda x, y: np.array([metrics.probability_of_improvement(x, y)]),
        reps=500,
    )
    width = float(expected["xy"][1, 0] - expected["xy"][0, 0])
    assert found == pytest.approx(expected["xy"][:, 0], abs=width / 6)
