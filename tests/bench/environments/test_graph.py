"""Graphs, walks on them, and what is measured of paths."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.environments.graph import (
    GRAPHS,
    Graph,
    ShortestPath,
    Walks,
    distances,
    graph_of,
    own_id,
    random_graph,
    register,
)
from tests.helpers.graph import LINE

INF = math.inf


# --- graphs -------------------------------------------------------------------------------------


def test_distances_by_hand() -> None:
    assert distances(LINE).tolist() == [3, 2, 1, 0, 2, INF]


@given(st.integers(0, 10_000), st.integers(2, 25), st.floats(0, 0.4))
def test_distances_are_those_of_networkx(seed: int, nodes: int, density: float) -> None:
    random = np.random.default_rng(seed)
    adjacency = random.random((nodes, nodes)) < density
    np.fill_diagonal(adjacency, False)
    graph = Graph(adjacency, int(random.integers(nodes)))
    oracle = networkx.from_numpy_array(adjacency.T.astype(int), create_using=networkx.DiGraph)
    steps = networkx.single_source_shortest_path_length(oracle, graph.goal)
    assert distances(graph).tolist() == [float(steps.get(node, INF)) for node in range(nodes)]


@given(st.integers(0, 500))
def test_random_graphs_are_what_they_promise(index: int) -> None:
    graph = random_graph(index)
    assert graph.nodes == 20
    assert not graph.adjacency.diagonal().any()
    assert np.isfinite(distances(graph)).sum() - 1 >= 9.5
    assert random_graph(index) is graph


def test_edges_have_the_papers_density_and_graphs_differ() -> None:
    graphs = [random_graph(index) for index in range(300)]
    # the redraw prefers graphs with more edges: a little above 0.1
    assert np.mean([g.adjacency.sum() / 380 for g in graphs]) == pytest.approx(0.105, abs=0.01)
    assert len({g.adjacency.tobytes() for g in graphs}) == 300
    assert {g.goal for g in graphs} == set(range(20))


@pytest.mark.parametrize(
    ("adjacency", "goal", "message"),
    [
        (np.zeros((2, 3), dtype=bool), 0, r"\(n, n\) bool, not \(2, 3\)"),
        (np.zeros((3, 3)), 0, "not .* float64"),
        (np.zeros((1, 1), dtype=bool), 0, "2 to 256 nodes here, not 1"),
        (np.eye(3, dtype=bool), 0, "an edge from a node to itself"),
        (np.zeros((3, 3), dtype=bool), 3, "goal must be 0 to 2, not 3"),
    ],
)
def test_what_is_no_graph_is_refused(adjacency: Any, goal: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Graph(adjacency, goal)


def test_ids_and_their_graphs() -> None:
    assert own_id(3) == "bench/ShortestPath3-v0"
    assert graph_of(own_id(3)) is random_graph(3)
    with pytest.raises(
        ValueError, match=r"'Hopper-v4' is not a graph; known: bench/ShortestPath1-v0"
    ):
        graph_of("Hopper-v4")
    register()
    register()
    for index in GRAPHS:
        made = gymnasium.make(own_id(index)).unwrapped
        assert isinstance(made, ShortestPath)
        assert made.graph is random_graph(index)


# --- walking ------------------------------------------------------------------------------------


def test_an_agent_follows_edges_and_stays_without_one() -> None:
    agents, envs = Walks(LINE, 3), np.arange(3)
    agents.place(envs, np.array([0, 2, 5]))
    assert agents.step(envs, np.array([1, 3, 3])).tolist() == [-1, -1, -1]
    assert agents.observations[:, 0].tolist() == [1, 3, 5]
    assert agents.over.tolist() == agents.arrived.tolist() == [False, True, False]
    agents.step(np.array([0]), np.array([4]))
    assert agents.observations[:, 0].tolist() == [1, 3, 5]
    assert agents.steps.tolist() == [2, 1, 1]


def test_the_environment_keeps_gymnasiums_rules() -> None:
    from gymnasium.utils.env_checker import check_env

    check_env(ShortestPath(2), skip_render_check=True)


def test_an_episode_returns_minus_its_steps() -> None:
    environment = ShortestPath(1)
    graph = environment.graph
    steps = distances(graph)
    for seed in range(30):
        observation, about = environment.reset(seed=seed)
        start = int(observation[0])
        assert start != graph.goal
        assert about["distance"] == steps[start]
        earned, terminal, truncated, count = 0.0, False, False, 0
        while not (terminal or truncated):
            ahead = np.where(graph.adjacency[observation[0]], steps, INF)
            observation, reward, terminal, truncated, _ = environment.step(ahead.argmin())
            earned, count = earned + reward, count + 1
        assert earned == -count
        assert terminal == (steps[start] < INF)
        assert count == min(steps[start], 10)


def test_an_episode_that_is_over_and_an_unknown_node_are_refused() -> None:
    environment = ShortestPath(1)
    with pytest.raises(gymnasium.error.ResetNeeded):
        environment.step(np.int64(0))
    environment.reset(seed=0)
    with pytest.raises(ValueError, match="action must be 0 to 19, not 20"):
        environment.step(np.int64(20))


# --- paths --------------------------------------------------------------------------------------


# --- stitching ----------------------------------------------------------------------------------
