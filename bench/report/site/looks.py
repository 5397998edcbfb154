"""One colour and one mark for each method, on every page.

The colours are those of Okabe and Ito, some of them darker, so that each has a contrast of 3 to 1 with a white and
with a dark page. A method keeps its look whatever stands beside it. One that is not listed, such as a drop-in, gets the
next free pair of colour and mark.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

BLUE, GREEN, ORANGE, PINK = "#0072b2", "#00916a", "#c47a00", "#c2649a"
SKY, VERMILION, OLIVE, GREY = "#3393c8", "#d55e00", "#8a8300", "#808080"
VIOLET = "#9163d6"
COLOURS = (BLUE, GREEN, ORANGE, PINK, SKY, VERMILION, OLIVE, GREY)
# names of Vega, and the same marks as paths for a picture of 10 x 10
MARKS = {
    "circle": "M5 1a4 4 0 1 0 0 8a4 4 0 1 0 0-8Z",
    "square": "M1.5 1.5h7v7h-7Z",
    "diamond": "M5 .5L9.5 5L5 9.5L.5 5Z",
    "triangle-up": "M5 1L9.5 9H.5Z",
    "cross": "M3.5 .5h3v3h3v3h-3v3h-3v-3h-3v-3h3Z",
    "triangle-down": "M.5 1h9L5 9Z",
    "triangle-right": "M1 .5L9 5L1 9.5Z",
    "triangle-left": "M9 .5V9.5L1 5Z",
}
KNOWN = {
    "dt": (BLUE, "circle"),
    "cql": (GREEN, "square"),
    "iql": (ORANGE, "diamond"),
    "td3bc": (PINK, "triangle-up"),
    "bc": (SKY, "triangle-down"),
    "bc10": (VERMILION, "cross"),
    "rvs": (VIOLET, "diamond"),
    "uniform": (OLIVE, "triangle-right"),
    "behaviour": (GREY, "triangle-left"),
}
# the same method on other kinds of observations: they never stand in one figure
SAME = {
    "dt-episode": "dt",
    "dt-atari": "dt",
    "dt-graph": "dt",
    "dt-gamble": "dt",
    "cql-discrete": "cql",
    "cql-atari": "cql",
    "cql-gamble": "cql",
    "bc-discrete": "bc",
    "bc-atari": "bc",
    "bc-gamble": "bc",
    "bc-success": "bc10",
    "bc10-atari": "bc10",
    "bc10-gamble": "bc10",
}


@dataclass(frozen=True)
class Look:
    """How a method is drawn.

    Attributes:
        colour: as in CSS.
        mark: one of `MARKS`.
    """

    colour: str
    mark: str

    @property
    def path(self) -> str:
        """The mark as the path of an SVG, 10 by 10."""
        return MARKS[self.mark]


def looks(methods: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method.

    Args:
        methods: the names of all methods of a site, in the order of its tables. No two of them that are not listed
            here look the same, until all pairs of a colour and a mark are taken.
    """
    names = list(dict.fromkeys(methods))
    listed = {name: KNOWN[SAME.get(name, name)] for name in names if SAME.get(name, name) in KNOWN}
    taken = set(KNOWN.values())
    # neighbours differ in colour and in mark
    pairs = [
        (colour, mark)
        for shift in range(len(MARKS))
        for colour, mark in zip(COLOURS, [*MARKS][shift:] + [*MARKS][:shift], strict=True)
    ]
    free = [pair for pair in pairs if pair not in taken]
    others = [name for name in names if name not in listed]
    listed |= {name: free[place % len(free)] for place, name in enumerate(others)}
    return {name: Look(*listed[name]) for name in names}
