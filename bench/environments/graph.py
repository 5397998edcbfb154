"""Shortest paths on random directed graphs: the paper's illustrative example (section 1, Figure 2;
Appendix A.3, p.20).

The observation is the node the agent is in, the action the node to go to; without an edge to it
the agent stays. The paper's graph has 20 nodes and an "edge sparsity coefficient of 0.1", read here
as the probability of each directed edge, and was not released. Its reward is "0 when the agent is
at the goal node and -1 otherwise": here every action costs 1 and the episode ends at the goal, so a
return is minus the number of steps.
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
GRAPHS = (1, 2, 3, 4, 5)  # these also have ids of their own: bench/ShortestPath1-v0 and so on
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
        adjacency: (n, n) bool; [i, j]: there is an edge from node i to node j.
        goal: the node to reach.

    Raises:
        ValueError: the matrix is not a square of booleans, a node has an edge to itself, there are
            fewer than 2 or more than 256 nodes, or the goal is none of them.
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
    """Return random graph `index`: 20 nodes, each directed edge with probability 0.1, the goal
    uniform.

    Drawn again until at least half of the other nodes can reach the goal: with 1.9 edges a node
    many graphs have a goal that hardly anything leads to. From all but one node of the paper's
    graph there is a path (Figure 6).
    """
    random = generator("graph", index)
    while True:
        adjacency = random.random((NODES, NODES)) < EDGE_PROBABILITY
        np.fill_diagonal(adjacency, False)
        graph = Graph(adjacency, int(random.integers(NODES)))
        if np.isfinite(distances(graph)).sum() - 1 >= (NODES - 1) / 2:
            adjacency.flags.writeable = False  # callers share it
            return graph


def distances(graph: Graph) -> F64:
    """Return the fewest steps from every node to the goal, (n,); inf where there is no path."""
    steps = np.full(graph.nodes, np.inf)
    reached = np.zeros(graph.nodes, dtype=np.bool_)
    frontier = np.arange(graph.nodes) == graph.goal
    for step in range(graph.nodes):  # breadth first, backwards along the edges
        steps[frontier] = step
        reached |= frontier
        frontier = graph.adjacency[:, frontier].any(axis=1) & ~reached
    return steps


def graph_of(environment: str) -> Graph:
    """Return the graph of an environment with an id of its own, such as `bench/ShortestPath1-v0`.

    Raises:
        ValueError: it has none.
    """
    known = {own_id(index): index for index in GRAPHS}
    if environment not in known:
        raise ValueError(f"{environment!r} is no graph; known: {', '.join(known)}")
    return random_graph(known[environment])


def own_id(index: int) -> str:
    """Return the Gymnasium id of a random graph."""
    return ID.replace("-v", f"{index}-v")


class Walks:
    """Episodes on one graph side by side, stepped together.

    Attributes:
        observations: (L, 1) uint8, the node each agent is in.
        steps: (L,) int64, actions taken.
        arrived: (L,) bool, the agent is at the goal: the episode terminated.
        over: (L,) bool, it terminated or the horizon is reached.
    """

    def __init__(self, graph: Graph, count: int, horizon: int = HORIZON) -> None:
        """Make room for `count` episodes; `reset` or `place` starts them."""
        self.graph = graph
        self.horizon = horizon
        self._others = np.delete(np.arange(graph.nodes), graph.goal)
        self.steps: I64 = np.zeros(count, dtype=np.int64)
        self.observations: U8 = np.zeros((count, 1), dtype=np.uint8)

    @property
    def arrived(self) -> Bools:
        """Return which agents are at the goal, (L,)."""
        return np.asarray(self.observations[:, 0] == self.graph.goal, dtype=np.bool_)

    @property
    def over(self) -> Bools:
        """Return whose episode is over, (L,)."""
        return self.arrived | (self.steps >= self.horizon)

    def reset(self, envs: NDArray[np.integer], generators: Sequence[np.random.Generator]) -> None:
        """Start an episode in each of these envs, at a node other than the goal; uniform, drawn
        with the generator beside it.
        """
        drawn = [self._others[random.integers(len(self._others))] for random in generators]
        self.place(envs, np.array(drawn))

    def place(self, envs: NDArray[np.integer], nodes: NDArray[np.integer]) -> None:
        """Start an episode in each of these envs at the node beside it, which may be the goal."""
        self.observations[envs, 0] = nodes
        self.steps[envs] = 0

    def step(self, envs: NDArray[np.integer], actions: NDArray[np.integer]) -> F32:
        """Act in these envs.

        Args:
            envs: (n,), whose episode is not over.
            actions: (n,), nodes to go to.

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

    The episode terminates at the goal and is truncated after 10 steps. `info` holds the fewest
    steps left from the node the agent is in, inf where there is no path.
    """

    def __init__(self, graph: int = 1) -> None:
        """Take the number of a random graph."""
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
        """Start an episode, uniformly at a node other than the goal, drawn with the seed."""
        super().reset(seed=seed)
        self._walks.reset(self._env, [self.np_random])
        self._begun = True
        return self._walks.observations[0].copy(), self._info()

    def step(self, action: np.int64) -> tuple[U8, float, bool, bool, dict[str, Any]]:
        """Go to a node, or stay where no edge leads to it.

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
    """Make the ids known to Gymnasium; doing it twice is harmless."""
    entry_point = "bench.environments.graph:ShortestPath"
    if ID not in gymnasium.registry:
        gymnasium.register(ID, entry_point=entry_point)
        for index in GRAPHS:
            gymnasium.register(own_id(index), entry_point=entry_point, kwargs={"graph": index})
