"""bench/report/claims/pairs.py: which data sets differ in their observations alone."""

from __future__ import annotations

from bench.report.claims.pairs import pairs_of


def test_a_pair_has_one_kind_and_one_body() -> None:
    tasks = [
        "hopper_positions-medium",
        "walker2d_positions-medium",
        "walker2d-medium",
        "hopper-medium",
        "hopper-medium-replay",
        "hopper_gusts-medium-replay",
    ]
    assert pairs_of(tasks, "positions", "mujoco") == [
        ("hopper_positions-medium", "hopper-medium"),
        ("walker2d_positions-medium", "walker2d-medium"),
    ]
    assert pairs_of(tasks, "gusts", "mujoco") == [
        ("hopper_gusts-medium-replay", "hopper-medium-replay")
    ]
    assert pairs_of(tasks[:2], "positions", "mujoco") == []
