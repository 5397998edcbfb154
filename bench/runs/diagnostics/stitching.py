"""Find the walks of the data that a generated path is stitched from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.datasets.trajectories import F64

Nodes = tuple[int, ...]


@dataclass(frozen=True)
class Walk:
    """A walk of the data: its nodes from the first to the last, and whether the last one is the goal."""

    nodes: Nodes
    arrived: bool


@dataclass(frozen=True)
class Example:
    """A path that is stitched from two walks.

    Attributes:
        path: its index among the paths.
        walks: `first` -> index of the walk that the path follows up to the joint; `second` -> index of
            the walk that it follows from the joint; `miss` -> a walk that misses the goal, if there is
            one.
        pieces: `first`, `second` -> the first and the last step of the walk that the path follows.
    """

    path: int
    walks: dict[str, int]
    pieces: dict[str, tuple[int, int]]


def moves(nodes: Nodes) -> Nodes:
    """Return the nodes without the steps that stay at a node."""
    return tuple(node for i, node in enumerate(nodes) if i == 0 or node != nodes[i - 1])


def place_in(piece: Nodes, walk: Nodes) -> tuple[int, int] | None:
    """Return the first and the last step of the earliest part of a walk whose moves are those of a
    piece; None if there is no such part.
    """
    steps = [i for i, node in enumerate(walk) if i == 0 or node != walk[i - 1]]
    without = [walk[i] for i in steps]
    for first in range(len(without) - len(piece) + 1):
        if tuple(without[first : first + len(piece)]) == piece:
            return steps[first], steps[first + len(piece) - 1]
    return None


def example(paths: Sequence[Nodes], walks: Sequence[Walk], fewest: F64) -> Example | None:
    """Return a path that follows one walk and then another walk to the goal, and that no single walk
    contains.

    Paths with the fewest possible steps are preferred. Among these the longest is chosen, and among
    equally long ones the first.

    Args:
        paths: paths that reach the goal, from the first to the last node.
        walks: of the data.
        fewest: (n,), fewest steps from each node to the goal.

    Returns:
        The example; None if no path consists of two pieces.
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
    """Return the walks that contain the two pieces of a path, and the place of each piece there.

    The first piece is as long as possible. None if one walk contains the whole path, or if no two
    walks contain its pieces.
    """
    if _find(path, walks) is not None:
        return None
    for joint in range(len(path) - 2, 0, -1):
        first, second = _find(path[: joint + 1], walks), _find(path[joint:], walks)
        if first and second:
            return (first[0], second[0]), {"first": first[1], "second": second[1]}
    return None


def _find(piece: Nodes, walks: Sequence[Walk]) -> tuple[int, tuple[int, int]] | None:
    """Return the first walk that contains a piece, and the place of the piece there."""
    for index, walk in enumerate(walks):
        if (place := place_in(piece, walk.nodes)) is not None:
            return index, place
    return None
