"""The learning curves that d3rlpy publishes, by the number of updates: a yardstick for ours.

Source: takuseno/d3rlpy-benchmarks at 1771c9b2, folders `d4rl/{dt,cql,iql,td3_plus_bc}` (MIT licence, Takuma
Seno). Each number is the mean over ten seeds of the return of one evaluation, with the sample standard
deviation over these seeds. DT learned from D4RL's -v2 data, the others from -v0. These are other data than
ours, other networks, and mostly a larger batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of

SOURCE = "d3rlpy-benchmarks at 1771c9b2, ten seeds"


@dataclass(frozen=True)
class PublishedPoint:
    """One point of a published curve.

    Attributes:
        method: `DT`, `CQL`, `IQL` or `TD3+BC`.
        task: a name such as `hopper-medium`.
        version: of the D4RL data, `v0` or `v2`.
        updates: gradient steps.
        seeds: number of seeds.
        mean: return, over seeds; not normalised.
        std: sample standard deviation over seeds.
    """

    method: str
    task: str
    version: str
    updates: int
    seeds: int
    mean: float
    std: float


@cache
def published_points() -> tuple[PublishedPoint, ...]:
    """Return all points; those of a curve ascend in their updates."""
    return tuple(
        PublishedPoint(
            row["method"],
            row["task"],
            row["version"],
            int(row["updates"]),
            int(row["seeds"]),
            float(row["mean"]),
            float(row["std"]),
        )
        for row in rows_of("d3rlpy_curves.csv")
    )


def published_curves(tasks: list[str]) -> dict[str, dict[int, list[PublishedPoint]]]:
    """Return method -> updates -> the points on these tasks, for the updates with a point on each of them."""
    found: dict[str, dict[int, list[PublishedPoint]]] = {}
    for point in published_points():
        if point.task in tasks:
            found.setdefault(point.method, {}).setdefault(point.updates, []).append(point)
    return {
        method: {updates: points for updates, points in curve.items() if len(points) == len(tasks)}
        for method, curve in found.items()
    }
