"""Shortest paths on random directed graphs: the paper's illustrative example (section 1, Figure 2;
Appendix A.3, p.20).

The observation is the current node of the agent. The action is the node to go to. If no edge leads there, the
agent stays. The paper's graph was not released. It has 20 nodes and an "edge sparsity coefficient of 0.1", which
is read here as the probability of each directed edge. The paper's reward is "0 when the agent is at the goal
node and -1 otherwise". Here every action has the reward -1, and the episode ends at the goal. A return is
therefore minus the number of steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from bench.core.seeds import generator

ID = "bench/ShortestPath-v0"
# these also have ids of their own: bench/ShortestPath1-v0 and so on. From 164 on, a thousand walks hold no shortest
# path from at least a third of the nodes (docs/graph.md)
GRAPHS = (1, 2, 3, 4, 5, 164, 190, 217, 248, 458)
NODES = 20  # p.20
EDGE_PROBABILITY = 0.1  # p.20
HORIZON = 10  # p.20, T

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Graph:
    """A directed graph with a goal.

    Attributes:
        adjacency: (n, n) bool; entry [i, j] says whether there is an edge from node i to node j.
        goal: the node to reach.

    Raises:
        ValueError: the matrix is not a square of booleans, a node has an edge to itself, there are
            fewer than 2 or more than 256 nodes, or the goal is not a node.
    """

    adjacency: Bools
    goal: int

    def __post_init__(self) -> None:
        shape = self.adjacency.shape
        if len(shape) != 2 or shape[0] != shape[1] or self.adjacency.dtype != np.bool_:
            raise ValueError(
                f"adjacency must be (n, n) bool, not {shape} {self.adjacency.dtype.name}"
            )
        if not 2 <= self.nodes <= 256:
            raise ValueError(f"a graph has 2 to 256 nodes here, not {self.nodes}")
        if self.adjacency.diagonal().any():
            raise ValueError("adjacency has an edge from a node to itself; staying needs no edge")
        if not 0 <= self.goal < self.nodes:
            raise ValueError(f"goal must be 0 to {self.nodes - 1}, not {self.goal}")

    @property
    def nodes(self) -> int:
        """Return the number of nodes n."""
        return len(self.adjacency)


@cache
def random_graph(index: int) -> Graph:
    """Return random graph `index`: 20 nodes, each directed edge with probability 0.1, and a uniformly drawn
    goal.

    Graphs are drawn until at least half of the other nodes can reach the goal. With 1.9 edges for each node on
    average, many graphs have a goal that few nodes can reach. In the paper's graph, all nodes but one can reach
    it (Figure 6).
    """
    random = generator("graph", index)
    while True:
        adjacency = random.random((NODES, NODES)) < EDGE_PROBABILITY
        np.fill_diagonal(adjacency, False)
        graph = Graph(adjacency, int(random.integers(NODES)))
        if np.isfinite(distances(graph)).sum() - 1 >= (NODES - 1) / 2:
            adjacency.flags.writeable = False  # callers share the array
            return graph


def distances(graph: Graph) -> F64:
    """Return the length of the shortest path from every node to the goal, in steps, (n,); inf without a path."""
    steps = np.full(graph.nodes, np.inf)
    reached = np.zeros(graph.nodes, dtype=np.bool_)
    frontier = np.arange(graph.nodes) == graph.goal
    for step in range(graph.nodes):  # breadth-first search, backwards along the edges
        steps[frontier] = step
        reached |= frontier
        frontier = graph.adjacency[:, frontier].any(axis=1) & ~reached
    return steps


def graph_of(environment: str) -> Graph:
    """Return the graph of an environment id with a number, such as `bench/ShortestPath1-v0`.

    Raises:
        ValueError: there is no such id.
    """
    known = {own_id(index): index for index in GRAPHS}
    if environment not in known:
        raise ValueError(f"{environment!r} is not a graph; known: {', '.join(known)}")
    return random_graph(known[environment])


def own_id(index: int) -> str:
    """Return the Gymnasium id of a random graph."""
    return ID.replace("-v", f"{index}-v")


class Walks:
    """Parallel episodes on one graph, in L envs.

    Attributes:
        observations: (L, 1) uint8, the current node of each agent.
        steps: (L,) int64, actions so far.
        arrived: (L,) bool, whether the agent is at the goal: the episode terminated.
        over: (L,) bool, whether the episode terminated or reached the horizon.
    """

    def __init__(self, graph: Graph, count: int, horizon: int = HORIZON) -> None:
        """Make `count` envs. `reset` or `place` starts their episodes."""
        self.graph = graph
        self.horizon = horizon
        self._others = np.delete(np.arange(graph.nodes), graph.goal)
        self.steps: I64 = np.zeros(count, dtype=np.int64)
        self.observations: U8 = np.zeros((count, 1), dtype=np.uint8)

    @property
    def arrived(self) -> Bools:
        """Return whether each agent is at the goal, (L,)."""
        return np.asarray(self.observations[:, 0] == self.graph.goal, dtype=np.bool_)

    @property
    def over(self) -> Bools:
        """Return whether each episode is over, (L,)."""
        return self.arrived | (self.steps >= self.horizon)

    def reset(self, envs: NDArray[np.integer], generators: Sequence[np.random.Generator]) -> None:
        """Start an episode in each of these envs, at a uniformly drawn node that is not the goal. Each env has
        its own generator.
        """
        drawn = [self._others[random.integers(len(self._others))] for random in generators]
        self.place(envs, np.array(drawn))

    def place(self, envs: NDArray[np.integer], nodes: NDArray[np.integer]) -> None:
        """Start an episode in each of these envs at the given node, which may be the goal."""
        self.observations[envs, 0] = nodes
        self.steps[envs] = 0

    def step(self, envs: NDArray[np.integer], actions: NDArray[np.integer]) -> F32:
        """Act in these envs.

        Args:
            envs: (n,), with episodes that are not over.
            actions: (n,), the nodes to go to.

        Returns:
            Rewards (n,): -1 each.
        """
        current = self.observations[envs, 0]
        there = self.graph.adjacency[current, actions]
        self.observations[envs, 0] = np.where(there, actions, current)
        self.steps[envs] += 1
        return np.full(len(envs), -1, dtype=np.float32)


class ShortestPath(gymnasium.Env[U8, np.int64]):  # type: ignore[misc]
    """One episode of `Walks` as a Gymnasium environment.

    The episode terminates at the goal and is truncated after 10 steps. `info` holds the length of the shortest
    path from the current node to the goal, inf without a path.
    """

    def __init__(self, graph: int = 1) -> None:
        """Make the environment of a random graph with this number."""
        self.graph = random_graph(graph)
        nodes = self.graph.nodes
        self.observation_space = Box(0, nodes - 1, shape=(1,), dtype=np.uint8)
        self.action_space = Discrete(nodes)
        self._distances = distances(self.graph)
        self._walks = Walks(self.graph, 1)
        self._env = np.zeros(1, dtype=np.int64)
        self._begun = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[U8, dict[str, Any]]:
        """Start an episode at a node that is not the goal. The seed decides which."""
        super().reset(seed=seed)
        self._walks.reset(self._env, [self.np_random])
        self._begun = True
        return self._walks.observations[0].copy(), self._info()

    def step(self, action: np.int64) -> tuple[U8, float, bool, bool, dict[str, Any]]:
        """Go to a node, or stay if no edge leads to it.

        Raises:
            ValueError: there is no such node.
            gymnasium.error.ResetNeeded: no episode is running.
        """
        if not self._begun or self._walks.over[0]:
            raise gymnasium.error.ResetNeeded("the episode is over; call reset")
        if not self.action_space.contains(np.int64(action)):
            raise ValueError(f"action must be 0 to {self.graph.nodes - 1}, not {action}")
        reward = float(self._walks.step(self._env, np.array([action]))[0])
        terminal = bool(self._walks.arrived[0])
        truncated = bool(self._walks.over[0]) and not terminal
        return self._walks.observations[0].copy(), reward, terminal, truncated, self._info()

    def _info(self) -> dict[str, Any]:
        return {"distance": float(self._distances[self._walks.observations[0, 0]])}


def register() -> None:
    """Register the ids with Gymnasium. A second call has no effect."""
    entry_point = "bench.environments.graph:ShortestPath"
    if ID not in gymnasium.registry:
        gymnasium.register(ID, entry_point=entry_point)
        for index in GRAPHS:
            gymnasium.register(own_id(index), entry_point=entry_point, kwargs={"graph": index})
