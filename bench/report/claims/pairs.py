"""Pairs of data sets that differ in their observations alone.

This file imports no heavy library, as `bench.report.claims.obstacles` does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from bench.tasks.registry import family_of, kind_of, task_by_name


def pairs_of(tasks: Iterable[str], family: str, base: str) -> list[tuple[str, str]]:
    """Return the pairs of a data set of one family and one of another, in the order of the first ones.

    Two data sets are a pair if they are of the same kind, and the name of the one's domain is that of the other's and a
    suffix, such as `hopper_positions` and `hopper`.

    Args:
        tasks: names of data sets.
        family: of the first data sets.
        base: the family of the second data sets.
    """
    names = list(dict.fromkeys(tasks))
    return [
        (one, other)
        for one in names
        for other in names
        if _family(one) == family and _family(other) == base and _are_a_pair(one, other)
    ]


def _family(task: str) -> str:
    return family_of(task_by_name(task)).name


def _are_a_pair(task: str, base: str) -> bool:
    domains = [task_by_name(name).domain.name for name in (task, base)]
    return kind_of(task) == kind_of(base) and domains[0].startswith(f"{domains[1]}_")
