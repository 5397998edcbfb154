"""Checks of the names in a config, while the plan is made from it."""

from __future__ import annotations

from typing import Any

from bench.runs.schema import BadConfig
from bench.tasks.registry import FAMILIES


def check_sources(data: dict[str, Any]) -> None:
    """Refuse an unknown data source, and a published source for a domain that it does not hold."""
    held = {family.source: family.published for family in FAMILIES.values() if family.source}
    own = data.get("domains", {})
    for place, settings in [("data", data), *((f"data.domains.{n}", s) for n, s in own.items())]:
        check_names(
            f"{place}.source", [settings.get("source", "generated")], ["generated", *held], "source"
        )
    for domain, settings in own.items():
        source = settings.get("source", "generated")
        if source in held and domain not in held[source]:
            raise BadConfig(
                f"data.domains.{domain}.source: {source} has no data for {domain}, only for "
                f"{', '.join(sorted(held[source]))}"
            )


def check_names(key: str, named: list[str], known: list[str], what: str) -> None:
    """Refuse a name that is not known."""
    own = ". `bench data import` makes a task from your own data" if what == "task" else ""
    for name in named:
        if name not in known:
            raise BadConfig(f"{key}: unknown {what} {name!r}; known: {', '.join(known)}{own}")


def check_labels(suite: str, labels: dict[str, str]) -> None:
    """Refuse two methods of a suite with the same label: no table or figure could tell them apart.

    Args:
        suite: the name of the suite.
        labels: method -> label.
    """
    first: dict[str, str] = {}
    for name, label in labels.items():
        if label in first:
            raise BadConfig(
                f"suites.{suite}: methods {first[label]} and {name} have the same label {label!r}, so no table can "
                f"tell them apart; give one of them another one, as methods.{name}.label"
            )
        first[label] = name
