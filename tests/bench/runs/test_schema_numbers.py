"""A config with a number that no setting can have is refused before anything is planned."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from bench.core.code import ROOT
from bench.runs import schema
from bench.runs.identity import LARGEST
from bench.runs.schema import BadConfig, check_config

SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
CONFIG: dict[str, Any] = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the default config with another value at a place."""
    config = copy.deepcopy(CONFIG)
    *parents, last = place.split(".")
    inner = config
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return config


def test_the_default_config_is_sound() -> None:
    check_config(copy.deepcopy(CONFIG), SCHEMA)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("training.curve", [float("nan")], "training.curve.0: nan is not a finite number"),
        ("training.curve", [0.5, float("inf")], "training.curve.1: inf is not a finite number"),
        ("training.curve", [1.5], "training.curve.0"),
        ("training.steps", 10**30, "training.steps: a number is too large"),
        ("training.steps", -1, "training.steps"),
        ("training.steps", 1.5, "training.steps"),
        ("training.time_limit", 0, "training.time_limit"),
        ("training.time_limit", float("nan"), "training.time_limit: nan is not a finite number"),
        ("training.time_limit", 10**9, "training.time_limit"),
        ("evaluation.time_limit", -3, "evaluation.time_limit"),
        ("evaluation.episodes", 10**40, "evaluation.episodes: a number is too large"),
        ("suites.mujoco.seeds", [10**40], "suites.mujoco.seeds.0: a number is too large"),
        ("suites.mujoco.seeds", [-1], "suites.mujoco.seeds.0"),
        ("data.seed", LARGEST + 1, "data.seed: a number is too large"),
        ("data.steps", -(10**30), "data.steps: a number is too large"),
        ("methods.dt.options", {"width": 10**30}, "methods.dt.options.width: a number is too"),
        ("methods.dt.options", {"learning_rate": -float("inf")}, "learning_rate: -inf is not a"),
        ("methods.dt.options", {"deep": [[float("nan")]]}, "options.deep.0.0: nan is not a finite"),
    ],
)
def test_a_number_out_of_bounds_is_refused_by_its_place(
    place: str, value: Any, message: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        check_config(changed(place, value), SCHEMA)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [None, 0.5, 90])
def test_a_time_limit_is_a_number_of_minutes_or_none(value: Any) -> None:
    check_config(changed("training.time_limit", value), SCHEMA)


def test_a_list_that_stands_in_many_places_is_looked_at_once() -> None:
    """Aliases of YAML can name one list a billion times."""
    inner: list[Any] = [1]
    for _ in range(12):
        inner = [inner] * 9
    schema._check_numbers(inner, "x", set())
    bad: list[Any] = [inner, [float("nan")]]
    with pytest.raises(BadConfig, match=r"x\.1\.0: nan is not a finite number"):
        schema._check_numbers(bad, "x", set())
