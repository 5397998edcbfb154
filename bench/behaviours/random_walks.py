"""Random walks on a graph: the data of the shortest-path experiment (paper p.20)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from bench.behaviours.manifest import described, whole_episodes
from bench.behaviours.zoo import Zoo
from bench.core.seeds import generator
from bench.datasets.build import from_arrays
from bench.datasets.storage import save
from bench.datasets.trajectories import F64, I64, Trajectories
from bench.environments.graph import HORIZON, Graph, Walks, graph_of
from bench.tasks.registry import Task

COUNT = 1000  # p.20

Behaviour = Literal["edges", "indices"]


def walks(
    graph: Graph,
    count: int = COUNT,
    horizon: int = HORIZON,
    *,
    seed: int,
    policy: Behaviour = "edges",
) -> Trajectories:
    """Return random walks, one after the other.

    A walk starts at a uniformly drawn node that is not the goal. It ends with a terminal at the goal, or with a
    time-out after `horizon` steps. The paper only says "random walk".

    Args:
        graph: a graph with n nodes.
        count: number of walks.
        horizon: the largest number of steps of a walk.
        seed: the seed of the data.
        policy: with `edges`, the action is uniform over the outgoing edges; without such an edge, the agent stays.
            With `indices`, the action is uniform over all n nodes, and most steps do not move the agent.

    Returns:
        Observations (N, 1) uint8 and actions (N,) int64 are nodes; all rewards are -1.

    Raises:
        ValueError: the policy is unknown, or `count` or `horizon` is below 1.
    """
    if policy not in ("edges", "indices"):
        raise ValueError(f"policy must be 'edges' or 'indices', not {policy!r}")
    for name, value in (("count", count), ("horizon", horizon)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")
    random = generator("walks", seed)
    envs = np.arange(count)
    agents = Walks(graph, count, horizon)
    agents.reset(envs, [random] * count)
    observations = np.zeros((count, horizon, 1), dtype=np.uint8)
    actions = np.zeros((count, horizon), dtype=np.int64)
    taken = np.zeros((count, horizon), dtype=np.bool_)
    for step in range(horizon):
        drawn = random.random(count)
        if policy == "edges":
            chosen = _along_edges(graph, agents.observations[:, 0].astype(np.int64), drawn)
        else:
            chosen = (drawn * graph.nodes).astype(np.int64)
        acting = np.flatnonzero(~agents.over)
        observations[acting, step] = agents.observations[acting]
        actions[acting, step], taken[acting, step] = chosen[acting], True
        agents.step(acting, chosen[acting])
    ends = np.zeros((count, horizon), dtype=np.bool_)
    ends[envs, agents.steps - 1] = True
    arrived = agents.arrived[:, None]
    return from_arrays(
        observations[taken],
        actions[taken],
        np.full(int(taken.sum()), -1, dtype=np.float32),
        (ends & arrived)[taken],
        (ends & ~arrived)[taken],
        action_range=(0.0, graph.nodes - 1.0),
        final_observations=agents.observations.copy(),
        discrete=True,
    )


def _along_edges(graph: Graph, nodes: I64, drawn: F64) -> I64:
    """Return a neighbour of each node, (L,), or the node itself if it has none.

    Args:
        graph: a graph with n nodes.
        nodes: (L,).
        drawn: (L,), uniform in [0, 1): they choose the neighbour.
    """
    degree = graph.adjacency.sum(axis=1)
    neighbours = np.argsort(~graph.adjacency, axis=1, kind="stable")  # (n, n), neighbours first
    index = (drawn * degree[nodes]).astype(np.int64)
    return np.asarray(np.where(degree[nodes] > 0, neighbours[nodes, index], nodes), dtype=np.int64)


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Write a data set of random walks and return it. The arguments are those of
    `bench.behaviours.generate.generate`.

    Raises:
        ValueError: `steps` is less than the steps of one episode.
    """
    graph = graph_of(task.domain.environment)
    data = walks(graph, whole_episodes(task, steps), task.domain.horizon, seed=seed, policy="edges")
    save(data, folder, described(task, seed))
    return data
