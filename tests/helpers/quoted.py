"""What the paper prints, by its place, and how it is normalised."""

from __future__ import annotations

from bench.paper import (
    Curve,
    figure4,
    quoted,
)
from bench.tasks.registry import DOMAINS, FAMILIES, TASKS, tasks_of

ATARI = tasks_of("atari")
KINDS = tuple(FAMILIES["mujoco"].kinds)
MUJOCO = tasks_of("mujoco")
CONTROL = list(dict.fromkeys(TASKS[name].domain.name for name in MUJOCO))
GYM = ("halfcheetah", "hopper", "walker2d")
GRIDS = {
    "breakout": range(0, 91, 9),
    "qbert": range(0, 14001, 500),
    "pong": range(-20, 41, 10),
    "seaquest": range(0, 1451, 50),
    "halfcheetah": range(400, 6001, 400),
    "hopper": range(100, 3601, 100),
    "walker2d": range(400, 5201, 400),
    "reacher2d": range(2, 21, 2),
}


def panel(domain: str) -> Curve:
    curve = figure4(domain)
    assert curve is not None
    return curve


def achieved(domain: str, target: float) -> float:
    curve = panel(domain)
    return curve.normalised_achieved[list(curve.raw_targets).index(target)]


def normalised(domain: str, value: float) -> float:
    return DOMAINS[domain].normalised(value)


def score(table: str, task: str, method: str) -> float:
    cell = quoted(table, task, method)
    assert cell is not None, (table, task, method)
    return cell.mean
