"""What the numbers of a table are, and within how much of each other they are equivalent."""

from __future__ import annotations

import pytest

from bench.stats.intervals import ANY, Range
from bench.tasks.families import Unit
from bench.tasks.registry import FAMILIES
from bench.tasks.units import difference_range, margin, raw_unit, score_range, unit_of


def test_the_unit_is_that_of_the_tasks_family() -> None:
    assert unit_of(["key_to_door-1k", "key_to_door-10k"]).name == "Success rate in per cent"
    assert unit_of(["pong-replay"]).source == "dqn_replay"
    assert unit_of(["pong-replay", "key_to_door-1k"]) is FAMILIES["mujoco"].unit


def test_a_raw_unit_is_of_the_same_data() -> None:
    unit = unit_of(["pong-replay"])
    raw = raw_unit("Game score", unit)
    assert raw == Unit("Game score", unit.data, "dqn_replay", raw=True)
    assert not unit.raw


@pytest.mark.parametrize(
    ("task", "points"),
    [
        ("breakout-replay", 1.4),  # 5 % of 30 - 2
        ("key_to_door-1k", 0.05),
        ("reacher2d-medium", 3.8),  # 5 % of 76
    ],
)
def test_equivalent_means_five_normalised_points_whatever_the_unit(
    task: str, points: float
) -> None:
    unit = unit_of([task])
    assert margin(unit, task) == 5
    assert margin(raw_unit("Return", unit), task) == pytest.approx(points)


@pytest.mark.parametrize(
    ("task", "scores", "differences"),
    [
        ("key_to_door-1k", Range(0, 100, 50), Range(-100, 100)),
        ("graph1-walks", Range(0, 100), Range(-100, 100)),
        ("hopper-medium", ANY, ANY),
        ("pong-replay", ANY, ANY),
    ],
)
def test_the_values_that_scores_can_have(task: str, scores: Range, differences: Range) -> None:
    unit = unit_of([task])
    assert score_range(unit, episodes=50) == scores
    assert difference_range(unit) == differences
