"""Groups of suites."""

from __future__ import annotations

from typing import Any

import pytest

from bench.runs.schema import BadConfig
from bench.runs.suite_groups import groups_of


def test_suites_of_a_group_in_the_order_of_the_config() -> None:
    suites: dict[str, dict[str, Any]] = {
        "b": {"group": "questions"},
        "plain": {},
        "a": {"group": "questions"},
        "c": {"group": "more"},
    }
    assert groups_of(suites) == {"questions": ("b", "a"), "more": ("c",)}
    assert groups_of({"plain": {}}) == {}


@pytest.mark.parametrize("name", ["mujoco", "other", "claims"])
def test_a_group_with_a_taken_name_is_refused(name: str) -> None:
    with pytest.raises(BadConfig, match=f"group '{name}' is the name of a suite, of a family"):
        groups_of({"mine": {"group": name}, "other": {}})
