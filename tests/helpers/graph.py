"""Small graphs, and walks on them as data."""

from __future__ import annotations

import numpy as np

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.environments.graph import Graph


def graph_of_edges(nodes: int, goal: int, *edges: tuple[int, int]) -> Graph:
    """Return a graph with these edges, start and stop each."""
    adjacency = np.zeros((nodes, nodes), dtype=np.bool_)
    for start, stop in edges:
        adjacency[start, stop] = True
    return Graph(adjacency, goal)


# 0 -> 1 -> 2 -> 3 is the goal, 4 -> 2; from 5 no edge leads on
LINE = graph_of_edges(6, 3, (0, 1), (1, 2), (2, 3), (4, 2), (1, 0))


def data_of(*found: tuple[int, ...], graph: Graph = LINE) -> Trajectories:
    """Return these walks as data; one that does not end at the goal is cut by time."""
    starts = np.array([node for nodes in found for node in nodes[:-1]], dtype=np.uint8)
    actions = np.array([node for nodes in found for node in nodes[1:]])
    last = np.cumsum([len(nodes) - 1 for nodes in found]) - 1
    ends = np.zeros((2, len(starts)), dtype=np.bool_)
    for row, nodes in zip(last, found, strict=True):
        ends[0 if nodes[-1] == graph.goal else 1, row] = True
    return from_arrays(
        starts[:, None],
        actions,
        np.full(len(starts), -1, dtype=np.float32),
        *ends,
        action_range=(0, graph.nodes - 1),
        final_observations=np.array([[nodes[-1]] for nodes in found], dtype=np.uint8),
        discrete=True,
    )
