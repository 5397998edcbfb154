"""A small graph, whose distances are known by hand."""

from __future__ import annotations

import numpy as np

from bench.environments.graph import (
    Graph,
)


def graph_of_edges(nodes: int, goal: int, *edges: tuple[int, int]) -> Graph:
    """Return a graph with these edges and no others."""
    adjacency = np.zeros((nodes, nodes), dtype=np.bool_)
    for start, stop in edges:
        adjacency[start, stop] = True
    return Graph(adjacency, goal)


# 0 -> 1 -> 2 -> 3 is the goal, 4 -> 2; from 5 no edge leads on
LINE = graph_of_edges(6, 3, (0, 1), (1, 2), (2, 3), (4, 2), (1, 0))
