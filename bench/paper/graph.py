"""The paper's Figure 6 as numbers: steps to the goal on its graph.

They are read from the vector graphics of the figure (arXiv 2106.01345v2 p.20; sources in the folder
assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb). Within the precision of the drawing, all
heights are multiples of 1/512, so the counts are exact. Paths of 0 steps begin at the goal and are not
drawn. Their count is the difference between 512 and the sum of the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of

# Per cent of generated paths that are "not subsets of trajectories in the training dataset" (p.20).
# The paper does not name the total. 81 of all 512 paths give 15.8 %; no number of the 414 paths that are
# drawn at 1 to 9 steps does
STITCHED = 15.8


@dataclass(frozen=True)
class Histogram:
    """The bars of one colour.

    Attributes:
        series: `shortest path`, `transformer` or `random walk`, as in the legend.
        counts: steps to the goal -> number of paths. Steps are 0 to 9, and inf for paths that miss the goal.
    """

    series: str
    counts: Mapping[float, int]

    @property
    def paths(self) -> int:
        """Return the total number of paths."""
        return sum(self.counts.values())

    def share(self, steps: float) -> float:
        """Return the height of a bar, or 0 if no bar is drawn for these steps."""
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
    """Return the fraction of the transformer's paths that reach the goal. Only paths from nodes count that
    are not the goal and have a path to it.

    All of these paths are shortest paths. At 1, 2 and 3 steps, the figure shows the same number of
    generated paths as of shortest paths. The bar at 4 steps is the last one, so its paths cannot be detours
    from those nodes.
    """
    shortest, generated = (
        sum(count for steps, count in found.counts.items() if 0 < steps < math.inf)
        for found in figure6()
        if found.series != "random walk"
    )
    return generated / shortest
