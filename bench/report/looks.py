"""One colour and one mark for each method in every figure.

The place of a method decides both: `COLOURS[place]` and `MARKERS[place]` of `bench.report.figures`. The
methods that the suite ships have fixed places, whatever stands beside them; others, such as drop-ins and
variants, get the free places in their order. The pages of the report have the same order of colours
(`bench.report.site.looks`).
"""

from __future__ import annotations

from collections.abc import Iterable

# label -> place; one method on other kinds of observations has the same label or the same place
KNOWN = {
    "DT": 0,
    "Transformer": 0,
    "CQL": 1,
    "IQL": 2,
    "TD3+BC": 3,
    "BC": 4,
    "10%BC": 5,
    "%BC": 5,
    "Uniform": 6,
    "Behaviour": 7,
    "RvS-R": 8,
}
COUNT = 10


def places(labels: Iterable[str]) -> dict[str, int]:
    """Return label -> place, for the methods of one figure.

    Args:
        labels: the labels of the methods, in the order of the table. Two of them have the same place only if all
            free places are taken, or if they are one method.
    """
    names = list(dict.fromkeys(labels))
    found = {name: KNOWN[name] for name in names if name in KNOWN}
    every = range(COUNT)
    free = [place for place in every if place not in found.values()] or list(every)
    others = [name for name in names if name not in found]
    return found | {name: free[index % len(free)] for index, name in enumerate(others)}
