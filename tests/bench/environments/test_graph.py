"""Graphs, walks on them, and what is measured of paths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import gymnasium
import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.trajectories import F32, I64
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
from bench.runs.diagnostics.paths import best_lengths, measures, random_lengths, walks_of
from bench.runs.diagnostics.stitching import Walk, example, moves, place_in
from tests.helpers.graph import LINE, data_of

INF = math.inf


class Table:
    """Goes from each node where a table says, and asks for 1 step."""

    def __init__(self, table: Sequence[int]) -> None:
        self.table = np.array(table)

    def reset(self, seeds: I64, targets: F32) -> None:
        assert len(set(seeds.tolist())) == len(seeds)

    def generate(self, nodes: I64) -> tuple[I64, I64]:
        return np.ones(len(nodes), dtype=np.int64), self.table[nodes]


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

WALKS = ((0, 1, 0, 1, 2), (4, 2, 3), (1, 1, 2, 2, 3), (2, 3), (5, 5, 5), (4, 2, 2, 3))


def value(rows: list[dict[str, Any]], measure: str, group: str = "", **at: float) -> float | None:
    (found,) = [
        row["value"]
        for row in rows
        if (row["measure"], row["group"]) == (measure, group)
        and all(row[name] == number for name, number in at.items())
    ]
    assert found is None or isinstance(found, float)
    return found


def diagnosed(table: Sequence[int], paths: int = 600) -> list[dict[str, Any]]:
    return measures(Table(table), LINE, data_of(*WALKS), paths=paths, seed=3)


def test_lengths_of_walks_by_hand() -> None:
    found = walks_of(data_of(*WALKS))
    assert [walk.nodes for walk in found] == list(WALKS)
    lengths = random_lengths(found, LINE, 4)
    assert lengths[0].tolist() == [0, 0, 0, 0, 0, 1]  # misses
    assert lengths[4].tolist() == [0, 0, 0.5, 0.5, 0, 0]
    assert lengths[3].tolist() == [1, 0, 0, 0, 0, 0]  # the goal
    # from its second visit to 1 the one walk that arrives took 3 steps; 2 is 1 step away on the way of several
    assert best_lengths(found, LINE).tolist() == [INF, 3, 1, 0, 2, INF]


def test_measures_of_shortest_paths_by_hand() -> None:
    rows = diagnosed([1, 2, 3, 3, 2, 0])
    shares = np.array([value(rows, "steps", "shortest path", x=x) for x in (0, 1, 2, 3, -1)])
    np.testing.assert_allclose(shares, np.array([1, 1, 2, 1, 1]) / 6, atol=0.06)
    for x in (*range(11), -1):
        generated = value(rows, "steps", "transformer", x=x)
        assert generated == value(rows, "steps", "shortest path", x=x)
    assert value(rows, "reached", "transformer") == value(rows, "optimal", "transformer") == 1
    # best walks: none from 0, too long from 1, right from 2 and 4
    assert value(rows, "optimal", "best walk") == pytest.approx(0.5, abs=0.06)
    assert value(rows, "reached", "best walk") == pytest.approx(0.75, abs=0.06)
    assert value(rows, "shorter", "transformer") == pytest.approx(0.5, abs=0.06)
    # random walks: 0 none, 1 in 4 steps, 2 at once, 4 in 2 or 3
    assert value(rows, "reached", "random walk") == pytest.approx(0.75, abs=0.06)
    assert value(rows, "optimal", "random walk") == pytest.approx(0.375, abs=0.06)
    # unseen: 0 1 2 3, and with stays 1 2 3 as well
    assert value(rows, "unseen", "transformer") == pytest.approx(0.25, abs=0.06)
    assert value(rows, "unseen, stays counted", "transformer") == pytest.approx(0.5, abs=0.06)
    assert value(rows, "stitched", "transformer") == pytest.approx(1 / 6, abs=0.05)


def test_the_example_is_the_stitched_path_and_its_walks() -> None:
    rows = diagnosed([1, 2, 3, 3, 2, 0])
    path = [(row["x"], row["y"], row["value"]) for row in rows if row["measure"] == "path"]
    assert path == [(0, 0, -1), (1, 1, -1), (2, 2, -1), (3, 3, None)]
    walk = {
        group: [(r["y"], r["value"]) for r in rows if (r["measure"], r["group"]) == ("walk", group)]
        for group in ("first", "second", "miss")
    }
    assert walk["first"] == [(node, None) for node in (0, 1, 0, 1, 2)]
    assert walk["second"] == [(4, -2), (2, -1), (3, 0)]
    assert [node for node, _ in walk["miss"]] == [5, 5, 5]
    assert [(r["group"], r["x"], r["y"]) for r in rows if r["measure"] == "piece"] == [
        ("first", 2, 4),
        ("second", 1, 2),
    ]
    assert len([row for row in rows if row["measure"] == "edge"]) == 5
    assert (value(rows, "nodes"), value(rows, "goal")) == (6, 3)


def test_paths_that_never_arrive() -> None:
    rows = diagnosed([0, 0, 0, 0, 0, 0])
    assert value(rows, "reached", "transformer") == value(rows, "stitched", "transformer") == 0
    assert value(rows, "unseen", "transformer") is None
    assert not [row for row in rows if row["measure"] in ("path", "walk", "piece")]


@given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_every_histogram_adds_up_to_one(table: list[int]) -> None:
    rows = diagnosed(table, paths=60)
    for group in ("shortest path", "transformer", "random walk"):
        found = [r["value"] for r in rows if (r["measure"], r["group"]) == ("steps", group)]
        assert sum(found) == pytest.approx(1, abs=1e-4)
    assert all(set(row) == {"measure", "group", "x", "y", "value", "spread"} for row in rows)


def test_data_of_another_graph_and_missing_starts_are_refused() -> None:
    with pytest.raises(ValueError, match="a graph with 6 nodes, but this graph has 20"):
        measures(Table([0] * 20), random_graph(1), data_of(*WALKS), seed=0)
    with pytest.raises(ValueError, match="no walk of the data starts at node 0"):
        measures(Table([0] * 6), LINE, data_of(*WALKS[1:]), seed=0)


# --- stitching ----------------------------------------------------------------------------------

WALK = st.lists(st.integers(0, 4), min_size=1, max_size=9).map(tuple)


def test_moves_and_places_by_hand() -> None:
    assert moves((3, 3, 1, 1, 3)) == (3, 1, 3)
    assert place_in((3, 1), (2, 3, 3, 1)) == (1, 3)
    assert place_in((1, 3), (2, 3, 3, 1)) is None


@given(WALK, WALK)
def test_a_piece_is_found_exactly_where_it_is(
    piece: tuple[int, ...], walk: tuple[int, ...]
) -> None:
    piece, place = moves(piece), place_in(moves(piece), walk)
    without = moves(walk)
    there = any(without[i : i + len(piece)] == piece for i in range(len(without)))
    assert (place is not None) == there
    if place is not None:
        assert moves(walk[place[0] : place[1] + 1]) == piece


def test_no_example_where_the_path_is_in_one_walk_or_in_no_two() -> None:
    fewest = distances(LINE)
    assert example([(1, 2, 3)], [Walk((0, 1, 2, 3), True)], fewest) is None
    assert example([(0, 1, 2, 3)], [Walk((2, 3), True), Walk((0, 1), False)], fewest) is None


def test_the_longest_shortest_path_is_the_example() -> None:
    found = [Walk((0, 1, 2), False), Walk((4, 2, 3), True)]
    paths = [(1, 2, 3), (0, 1, 0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)]
    chosen = example(paths, found, distances(LINE))
    assert chosen is not None
    assert chosen.path == 2
    assert chosen.walks == {"first": 0, "second": 1}
    assert chosen.pieces == {"first": (0, 2), "second": (1, 2)}
