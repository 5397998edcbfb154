"""Groups of suites: the key `group` of a suite gives a target `all_GROUP` for all suites of the group, and a ledger."""

from __future__ import annotations

from typing import Any

from bench.runs.schema import BadConfig
from bench.tasks.registry import FAMILIES


def groups_of(suites: dict[str, dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return group -> its suites.

    Raises:
        BadConfig: a group has the name of a suite or of a family, whose targets have the same names.
    """
    names = dict.fromkeys(axes["group"] for axes in suites.values() if "group" in axes)
    for name in names:
        if name in {*suites, *FAMILIES, "claims"}:
            raise BadConfig(
                f"group {name!r} is the name of a suite, of a family of tasks or of the ledger, so its target "
                f"all_{name} or claims_{name} is taken; choose another one"
            )
    return {
        name: tuple(suite for suite, axes in suites.items() if axes.get("group") == name)
        for name in names
    }
