"""The paper's Figure 6 as numbers: steps to the goal on its graph, read from the vector graphics (arXiv
2106.01345v2 p.20; sources in the folder assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb).

The heights are multiples of 1/512 to the precision of the drawing, so the counts are exact. Paths of 0
steps, which begin at the goal, are not drawn: their count is what is missing to 512.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of

# Per cent of generated paths that are "not subsets of trajectories in the training dataset" (p.20).
# Of what number the paper does not say: 81 of 512 is 15.8 %, no k of the 414 drawn at 1 to 9 steps is
STITCHED = 15.8


@dataclass(frozen=True)
class Histogram:
    """The bars of one colour.

    Attributes:
        series: `shortest path`, `transformer` or `random walk`, as in the legend.
        counts: steps to the goal -> paths; 0 to 9, and inf for those that miss it.
    """

    series: str
    counts: Mapping[float, int]

    @property
    def paths(self) -> int:
        """Return how many paths there are."""
        return sum(self.counts.values())

    def share(self, steps: float) -> float:
        """Return the height of a bar; 0 where none is drawn."""
        return self.counts.get(steps, 0) / self.paths


@cache
def figure6() -> tuple[Histogram, ...]:
    """Return the bars of Figure 6, in the order of its legend."""
    counts: dict[str, dict[float, int]] = {}
    for row in rows_of("figure6.csv"):
        counts.setdefault(row["series"], {})[float(row["steps"])] = int(row["count"])
    return tuple(Histogram(series, found) for series, found in counts.items())


@cache
def figure6_reached() -> float:
    """Return the share of the transformer's paths that reach the goal, of those from other nodes that a
    path leads from.

    All of them are shortest paths: at 1, 2 and 3 steps there are as many as shortest paths, so none is
    left over from there for the bar at 4, the last one.
    """
    shortest, generated = (
        sum(count for steps, count in found.counts.items() if 0 < steps < math.inf)
        for found in figure6()
        if found.series != "random walk"
    )
    return generated / shortest
