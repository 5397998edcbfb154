"""Which walks of the data a generated path is stitched from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.datasets.trajectories import F64

Nodes = tuple[int, ...]


@dataclass(frozen=True)
class Walk:
    """A walk of the data: where it was, first and last node included, and whether that is the goal."""

    nodes: Nodes
    arrived: bool


@dataclass(frozen=True)
class Example:
    """A path that two walks are joined to.

    Attributes:
        path: its index among the paths.
        walks: `first`, `second` -> the index of the walk that it follows to the joint and from there
            on; `miss` -> one that misses the goal, if there is one.
        pieces: `first`, `second` -> the steps of the walk between which it is followed, both included.
    """

    path: int
    walks: dict[str, int]
    pieces: dict[str, tuple[int, int]]


def moves(nodes: Nodes) -> Nodes:
    """Return the nodes without steps that stay where they are."""
    return tuple(node for i, node in enumerate(nodes) if i == 0 or node != nodes[i - 1])


def place_in(piece: Nodes, walk: Nodes) -> tuple[int, int] | None:
    """Return between which steps of a walk, both included, its moves are those of a piece; the
    earliest such place, or None.
    """
    steps = [i for i, node in enumerate(walk) if i == 0 or node != walk[i - 1]]
    without = [walk[i] for i in steps]
    for first in range(len(without) - len(piece) + 1):
        if tuple(without[first : first + len(piece)]) == piece:
            return steps[first], steps[first + len(piece) - 1]
    return None


def example(paths: Sequence[Nodes], walks: Sequence[Walk], fewest: F64) -> Example | None:
    """Return a path that follows one walk, then another one to the goal, and is in no walk as a
    whole: of shortest paths if there are such, the longest; of equals the first.

    Args:
        paths: that reach the goal, with first and last node.
        walks: of the data.
        fewest: (n,), steps from each node to the goal.

    Returns:
        None if no path is of two pieces.
    """

    def rank(path: int) -> tuple[bool, int, int]:
        steps = len(paths[path]) - 1
        return steps > fewest[paths[path][0]], -steps, path

    first_of = {nodes: path for path, nodes in reversed(list(enumerate(paths)))}
    for path in sorted(first_of.values(), key=rank):
        if (halves := _halves(moves(paths[path]), walks)) is not None:
            (first, second), pieces = halves
            chosen = {"first": first, "second": second}
            start = paths[path][0]
            misses = [i for i, walk in enumerate(walks) if not walk.arrived and i != first]
            misses.sort(key=lambda i: (walks[i].nodes[0] != start, start not in walks[i].nodes, i))
            if misses:
                chosen["miss"] = misses[0]
            return Example(path, chosen, pieces)
    return None


def _halves(
    path: Nodes, walks: Sequence[Walk]
) -> tuple[tuple[int, int], dict[str, tuple[int, int]]] | None:
    """Return the walks that a path's two pieces are in, and where; the first piece as long as can
    be. None if it is in one walk, or in no two.
    """
    if _find(path, walks) is not None:
        return None
    for joint in range(len(path) - 2, 0, -1):
        first, second = _find(path[: joint + 1], walks), _find(path[joint:], walks)
        if first and second:
            return (first[0], second[0]), {"first": first[1], "second": second[1]}
    return None


def _find(piece: Nodes, walks: Sequence[Walk]) -> tuple[int, tuple[int, int]] | None:
    """Return the first walk that a piece is in, and its place there."""
    for index, walk in enumerate(walks):
        if (place := place_in(piece, walk.nodes)) is not None:
            return index, place
    return None
