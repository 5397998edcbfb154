"""The units of the numbers in tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bench.stats.intervals import ANY, Range
from bench.stats.verdicts import MARGIN
from bench.tasks.families import Unit
from bench.tasks.registry import family_of_all, task_by_name


def unit_of(tasks: Iterable[str]) -> Unit:
    """Return the unit of normalised scores on these tasks: the unit of their family."""
    return family_of_all(tasks).unit


def raw_unit(name: str, unit: Unit) -> Unit:
    """Return the unit of raw scores on the same data as `unit`."""
    return replace(unit, name=name, raw=True)


def margin(unit: Unit, task: str) -> float:
    """Return the largest difference of two means on a task that counts as equivalence, in this unit."""
    if not unit.raw:
        return MARGIN
    return MARGIN / task_by_name(task).domain.normalised_spread(1)


def score_range(unit: Unit, episodes: int = 0) -> Range:
    """Return the values that a score in this unit can have.

    Args:
        unit: of the scores.
        episodes: behind each score; needed for success rates.
    """
    if not unit.bounded:
        return ANY
    return Range(0, 100, episodes if unit.rate else 0)


def difference_range(unit: Unit) -> Range:
    """Return the values that a difference of two scores in this unit can have."""
    return Range(-100, 100) if unit.bounded else ANY
