"""The diagnostic of a graph model: its generated paths, compared with shortest paths and with the random
walks that it was trained on (paper Figures 2 and 6; p.20).

The paper counts a generated path as stitched if it is one of those that are "not subsets of
trajectories in the training dataset", 15.8 % of its paths. Here a path that reaches the goal is
*unseen* if no walk of the data ends with the path's nodes. A walk ends where it reaches the goal, so
this is the same as: no walk contains the whole path. Steps that stay at a node are removed from path
and walks before they are compared. The measures with `stays counted` keep them; then more paths are
unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bench.core.seeds import derive, generator
from bench.datasets.trajectories import F32, F64, I64, Bools, Trajectories
from bench.environments.graph import HORIZON, Graph, Walks, distances, graph_of
from bench.runs.diagnostics.stitching import Nodes, Walk, example, moves
from bench.tasks.registry import Task

SHORTEST, GENERATED, RANDOM, BEST = "shortest path", "transformer", "random walk", "best walk"
NEVER = -1  # steps of a path that misses the goal, on the axis of a histogram

Row = dict[str, Any]


class Generator(Protocol):
    """A policy that also returns the target returns that it chooses."""

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) paths."""

    def generate(self, nodes: I64) -> tuple[I64, I64]:
        """Return the chosen target return at each of these nodes, as steps to the goal (L,), and the
        next nodes (L,).
        """


@dataclass(frozen=True)
class Paths:
    """P paths of at most T steps.

    Attributes:
        nodes: (P, T + 1), the node at each step; after the end of a path, its last node.
        target_steps: (P, T), the chosen target returns as steps to the goal; undefined after the end.
        steps: (P,), number of actions.
        arrived: (P,) bool, whether the path reaches the goal.
    """

    nodes: I64
    target_steps: I64
    steps: I64
    arrived: Bools

    def whole(self, path: int) -> Nodes:
        """Return the nodes of a path, from the first to the last."""
        return tuple(self.nodes[path, : self.steps[path] + 1].tolist())


def measure(
    policy: Generator, task: Task, data: Trajectories, *, episodes: int, seed: int
) -> list[Row]:
    """Return `measures` of a policy on the graph of a task.

    Raises:
        ValueError: the task's environment is not a graph.
    """
    graph = graph_of(task.domain.environment)
    return measures(policy, graph, data, paths=episodes, seed=seed, horizon=task.domain.horizon)


def measures(
    policy: Generator,
    graph: Graph,
    data: Trajectories,
    *,
    paths: int = 512,
    seed: int,
    horizon: int = HORIZON,
) -> list[Row]:
    """Return the measures of generated paths, one row of the record each.

    Start nodes are uniform over *all* nodes, as in the paper's figure. A start node is *eligible* if it
    is not the goal and some path of at most T steps leads from it to the goal. For `random walk` the
    value of a start node is the mean over the data's walks that start there. For `best walk` it is the
    shortest way to the goal in any walk of the data that visits the node.

    - `steps`: share (value) of all paths of a group (`shortest path`, `transformer`, `random walk`)
      with x steps to the goal; x = -1: the path misses the goal; x = 0: it starts at the goal.
    - `reached`, `optimal`: shares of the paths of a group (`transformer`, `random walk`, `best walk`)
      from eligible nodes that reach the goal, and that reach it in the fewest steps.
    - `shorter`: share of the generated paths from eligible nodes that are shorter than the best walk.
    - `unseen`, `unseen, stays counted`: of the generated paths that reach the goal and do not start
      there, the share that is not in the data. None if there is no such path.
    - `stitched`: share of *all* generated paths that reach the goal and are unseen. The paper's
      15.8 % agree with 81 of its 512 paths, and with no whole number of the 414 that reach the goal.
    - `nodes`, `goal`, `edge` (from x to y): the graph.
    - `path`: one stitched path, if there is one. It is at node y at step x; value: the target return
      there (minus the steps to the goal), None at the goal. `walk`: walks of the data in the same
      form; value: the return-to-go, None for minus infinity. Groups `first` and `second` are the walks
      that the path is stitched from; `piece`: the part from step x to step y of each. Group `miss`: a
      walk that misses the goal.

    Args:
        policy: a trained policy.
        graph: with n nodes.
        data: the walks that the policy was trained on.
        paths: number of paths to generate.
        seed: of the start nodes and of the policy.
        horizon: T.

    Raises:
        ValueError: the data are not of this graph, or no walk starts at one of the drawn start nodes.
    """
    if data.n_actions != graph.nodes:
        raise ValueError(
            f"the data are of a graph with {data.n_actions} nodes, but this graph has {graph.nodes}"
        )
    starts = generator("paths", seed, "starts").integers(graph.nodes, size=paths)
    found = roll_out(policy, graph, starts, seed, horizon)
    walks = walks_of(data)
    fewest = distances(graph)
    lengths = random_lengths(walks, graph, horizon)
    if len(empty := np.unique(starts[lengths[starts].sum(axis=1) == 0])):
        raise ValueError(f"no walk of the data starts at node {empty[0]}; generate more walks")
    best = best_lengths(walks, graph)
    rows = _histograms(found, fewest[starts], lengths[starts])
    rows += _shares(found, starts, fewest, best, lengths)
    rows += _novelty(found, walks, graph, starts)
    rows += [_row("nodes", "", graph.nodes), _row("goal", "", graph.goal)]
    rows += [_row("edge", "", 1, x=i, y=j) for i, j in np.argwhere(graph.adjacency).tolist()]
    return rows + _stitched(found, walks, fewest, graph)


def roll_out(
    policy: Generator, graph: Graph, starts: I64, seed: int, horizon: int = HORIZON
) -> Paths:
    """Return the paths that a policy generates from the nodes `starts` (P,); each path has its own seed."""
    envs = np.arange(len(starts))
    agents = Walks(graph, len(starts), horizon)
    agents.place(envs, starts)
    seeds = np.array([derive("paths", seed, env) for env in envs.tolist()], dtype=np.int64)
    policy.reset(seeds, np.zeros(len(starts), dtype=np.float32))
    nodes, target_steps = [starts], []
    for _ in range(horizon):
        steps_to_goal, actions = policy.generate(agents.observations[:, 0].astype(np.int64))
        running = np.flatnonzero(~agents.over)
        agents.step(running, actions[running])
        target_steps.append(steps_to_goal)
        nodes.append(agents.observations[:, 0].astype(np.int64))
    return Paths(np.stack(nodes, 1), np.stack(target_steps, 1), agents.steps.copy(), agents.arrived)


def walks_of(data: Trajectories) -> list[Walk]:
    """Return the walks of the data, including the node after the last action.

    Raises:
        ValueError: the data do not hold that node.
    """
    if data.final_observations is None:
        raise ValueError("the data do not say where the walks end: final_observations are missing")
    nodes, final = data.observations[:, 0].tolist(), data.final_observations[:, 0].tolist()
    arrived = data.terminals[data.episode_starts[1:] - 1].tolist()
    bounds = data.episode_starts.tolist()
    return [
        Walk((*(int(node) for node in nodes[bounds[e] : bounds[e + 1]]), int(final[e])), arrived[e])
        for e in range(data.episodes)
    ]


def random_lengths(walks: Sequence[Walk], graph: Graph, horizon: int) -> F64:
    """Return for each start node the share of walks that take 0, 1, ... T steps to the goal, and as
    the last entry the share that misses it: (n, T + 2). A row is zero if no walk starts there. From
    the goal all walks take 0 steps.
    """
    counts = np.zeros((graph.nodes, horizon + 2))
    for walk in walks:
        counts[walk.nodes[0], len(walk.nodes) - 1 if walk.arrived else -1] += 1
    counts[graph.goal] = np.eye(1, horizon + 2)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), dtype=np.float64)


def best_lengths(walks: Sequence[Walk], graph: Graph) -> F64:
    """Return for each node the fewest steps from it to the goal in any walk that visits it, (n,); inf
    if no walk that visits it reaches the goal.
    """
    best = np.full(graph.nodes, np.inf)
    for walk in walks:
        if walk.arrived:
            left = np.arange(len(walk.nodes))[::-1]
            np.minimum.at(best, list(walk.nodes), left)
    return best


def _row(measure: str, group: str, value: float | None, **more: float) -> Row:
    numbers: dict[str, float | None] = {"x": None, "y": None, "value": value, "spread": None}
    rounded = {
        name: None if number is None else round(float(number), 6)
        for name, number in (numbers | more).items()
    }
    return {"measure": measure, "group": group, **rounded}


def _histograms(found: Paths, fewest: F64, lengths: F64) -> list[Row]:
    """Return the share of paths for each number of steps; `fewest` (P,) and `lengths` (P, T + 2) are
    those of the paths' start nodes.
    """
    horizon = lengths.shape[1] - 2
    taken = {
        SHORTEST: np.where(fewest <= horizon, fewest, NEVER),
        GENERATED: np.where(found.arrived, found.steps, NEVER),
    }
    axis = [*range(horizon + 1), NEVER]
    rows = [
        _row("steps", group, float((steps == x).mean()), x=x)
        for group, steps in taken.items()
        for x in axis
    ]
    return rows + [
        _row("steps", RANDOM, share, x=x)
        for x, share in zip(axis, lengths.mean(axis=0).tolist(), strict=True)
    ]


def _shares(found: Paths, starts: I64, fewest: F64, best: F64, lengths: F64) -> list[Row]:
    horizon = lengths.shape[1] - 2
    eligible = (fewest[starts] > 0) & (fewest[starts] <= horizon)
    nearest = np.where(eligible, fewest[starts], 0).astype(np.int64)
    by_group = {
        GENERATED: (found.arrived, found.arrived & (found.steps == fewest[starts])),
        RANDOM: (1 - lengths[starts, -1], lengths[starts, nearest]),
        BEST: (np.isfinite(best[starts]), best[starts] == fewest[starts]),
    }
    rows = []
    for group, shares in by_group.items():
        for measure, share in zip(("reached", "optimal"), shares, strict=True):
            rows.append(_row(measure, group, _mean(share[eligible])))
    shorter = found.arrived & (found.steps < best[starts])
    return [*rows, _row("shorter", GENERATED, _mean(shorter[eligible]))]


def _novelty(found: Paths, walks: Sequence[Walk], graph: Graph, starts: I64) -> list[Row]:
    seen, seen_with_stays = _ends(moves(w.nodes) for w in walks), _ends(w.nodes for w in walks)
    arriving = np.flatnonzero(found.arrived & (starts != graph.goal)).tolist()
    unseen = np.array([moves(found.whole(path)) not in seen for path in arriving])
    strictly = np.array([found.whole(path) not in seen_with_stays for path in arriving])
    return [
        _row("unseen", GENERATED, _mean(unseen)),
        _row("unseen, stays counted", GENERATED, _mean(strictly)),
        _row("stitched", GENERATED, float(unseen.sum()) / len(starts)),
    ]


def _ends(walks: Iterable[Nodes]) -> set[Nodes]:
    """Return every final part of every walk."""
    return {walk[first:] for walk in walks for first in range(len(walk))}


def _mean(values: Any) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _stitched(found: Paths, walks: Sequence[Walk], fewest: F64, graph: Graph) -> list[Row]:
    arriving = np.flatnonzero(found.arrived & (found.nodes[:, 0] != graph.goal)).tolist()
    chosen = example([found.whole(path) for path in arriving], walks, fewest)
    if chosen is None:
        return []
    path = arriving[chosen.path]
    rows = [
        _row(
            "path",
            "",
            None if x == found.steps[path] else -int(found.target_steps[path, x]),
            x=x,
            y=node,
        )
        for x, node in enumerate(found.whole(path))
    ]
    for group, walk in chosen.walks.items():
        nodes, arrived = walks[walk].nodes, walks[walk].arrived
        for x, node in enumerate(nodes):
            rows.append(_row("walk", group, x + 1 - len(nodes) if arrived else None, x=x, y=node))
    return rows + [_row("piece", group, 1, x=x, y=y) for group, (x, y) in chosen.pieces.items()]
