"""The published curves of d3rlpy."""

from __future__ import annotations

import pytest

from bench.paper.d3rlpy_curves import published_curves, published_points
from bench.tasks.registry import task_by_name

KINDS = ("medium", "medium-replay", "medium-expert")
TASKS = [f"{domain}-{kind}" for domain in ("halfcheetah", "hopper", "walker2d") for kind in KINDS]


def test_nine_data_sets_of_four_methods_with_ten_seeds() -> None:
    points = published_points()
    assert {point.task for point in points} == set(TASKS)
    assert {point.seeds for point in points} == {10}
    versions = {(point.method, point.version) for point in points}
    assert versions == {("DT", "v2"), ("CQL", "v0"), ("IQL", "v0"), ("TD3+BC", "v0")}
    assert len(points) == 9 * (10 + 3 * 15)


@pytest.mark.parametrize(
    ("method", "updates", "score"),
    [("DT", 1000, 12.7), ("DT", 100_000, 68.8), ("CQL", 20_000, 12.3), ("TD3+BC", 500_000, 67.6)],
)
def test_the_mean_over_the_nine_data_sets(method: str, updates: int, score: float) -> None:
    points = published_curves(TASKS)[method][updates]
    normalised = [task_by_name(point.task).domain.normalised(point.mean) for point in points]
    assert sum(normalised) / 9 == pytest.approx(score, abs=0.06)


def test_a_task_that_has_no_published_curve_leaves_no_mean() -> None:
    assert published_curves(["reacher2d-medium"]) == {}
    assert published_curves(["hopper-medium", "reacher2d-medium"])["DT"] == {}
    assert list(published_curves(["hopper-medium"])["DT"]) == sorted(
        published_curves(["hopper-medium"])["DT"]
    )
