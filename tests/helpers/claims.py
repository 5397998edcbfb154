"""A small config of suites that claims are about, and checks of it."""

from __future__ import annotations

from typing import Any

from bench.report.claims.registry import Check
from tests.helpers.evidence import EXPERT, MEDIUM, METHODS, REPLAY


def config(**suites: dict[str, Any]) -> dict[str, Any]:
    """Return a config with suite `mujoco` (three data sets, three seeds, dt, cql, bc, behaviour); keywords replace
    its axes, or add suites.
    """
    axes = {
        "tasks": [EXPERT, MEDIUM, REPLAY],
        "methods": ["dt", "cql", "bc", "behaviour"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1, 2],
        "baselines": False,
    }
    own = {name: axes | changes for name, changes in ({"mujoco": {}} | suites).items()}
    return {
        "name": "test",
        "suites": own,
        "training": {"steps": 9, "curve": [0.5]},
        "evaluation": {"curve_episodes": 5},
        "methods": METHODS,
    }


def check(**changes: Any) -> Check:
    """Return the check DT - CQL > -5; keywords replace its fields."""
    fields: dict[str, Any] = {
        "name": "DT - CQL",
        "suite": "mujoco",
        "statistic": "difference",
        "arguments": {"method": "dt", "against": "cql"},
        "rule": ("above", (-5.0,)),
        "truth": 0.0,
    }
    return Check(**(fields | changes))
