"""Aliases of YAML that stand for billions of values are refused at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.core.code import ROOT
from bench.runs.config_size import MOST, too_large
from bench.runs.schema import BadConfig, check_config

SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


def bomb(levels: int, end: str = "1") -> str:
    """Return a list in YAML that stands for 10 ** (levels + 1) values."""
    text = f"&a0 [{', '.join([end] * 10)}]"
    for level in range(1, levels):
        text += f", &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]"
    return f"[{text}]"


@pytest.mark.parametrize(
    "place", ["methods.dt.options.width", "suites.mujoco.tasks", "name", "x.y"]
)
def test_a_bomb_is_refused_by_its_place(place: str) -> None:
    config: Any = yaml.safe_load(bomb(9))
    for key in reversed(place.split(".")):
        config = {key: config}
    before = time.process_time()
    with pytest.raises(BadConfig, match=f"config: {place} stands for more than 200,000 values"):
        check_config(config, SCHEMA)
    assert time.process_time() - before < 5


@pytest.mark.parametrize("text", ["&a [*a]", "&a {b: *a}", "&a [[*a, *a], *a]"])
def test_a_value_that_contains_itself_is_refused(text: str) -> None:
    assert too_large({"name": yaml.safe_load(text)}).startswith("name")


@pytest.mark.parametrize("path", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_configs_of_the_suite_are_far_from_the_limit(path: Path) -> None:
    config = yaml.safe_load(path.read_text())
    assert too_large(config) == ""
    assert too_large([config] * 5) == ""


def test_the_limit_itself() -> None:
    assert too_large([0] * (MOST - 1)) == ""
    assert too_large([0] * MOST) == "top level"
