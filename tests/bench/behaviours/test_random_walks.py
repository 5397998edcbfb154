"""Random walks on a graph."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.behaviours.random_walks import generate, walks
from bench.datasets import storage
from bench.environments.graph import GRAPHS, HORIZON, distances, random_graph
from bench.runs.diagnostics.paths import best_lengths, walks_of
from bench.tasks.registry import TASKS
from tests.helpers.graph import LINE


@pytest.mark.parametrize("policy", ["edges", "indices"])
@given(seed=st.integers(0, 1000), index=st.integers(1, 20), horizon=st.integers(1, 12))
def test_walks_obey_the_graph(policy: Any, seed: int, index: int, horizon: int) -> None:
    graph = random_graph(index)
    data = walks(graph, 30, horizon, seed=seed, policy=policy)
    assert data.discrete
    assert data.observations.dtype == np.uint8
    assert (data.episodes, data.n_actions) == (30, 20)
    assert data.lengths.max() <= horizon
    assert (data.rewards == -1).all()
    actions = iter(data.actions.tolist())
    for walk in walks_of(data):
        assert graph.goal not in walk.nodes[:-1]
        assert walk.arrived == (walk.nodes[-1] == graph.goal)
        assert walk.arrived or len(walk.nodes) == horizon + 1
        for node, following in pairwise(walk.nodes):
            action = next(actions)
            assert following == (action if graph.adjacency[node, action] else node)
            if policy == "edges" and graph.adjacency[node].any():
                assert graph.adjacency[node, action]


def test_walks_are_uniform_over_what_they_choose_from() -> None:
    edges = walks(LINE, 4000, 1, seed=0, policy="edges")
    at_one = edges.actions[edges.observations[:, 0] == 1]
    assert np.mean(at_one == 0) == pytest.approx(0.5, abs=0.06)
    indices = walks(LINE, 4000, 1, seed=0, policy="indices")
    np.testing.assert_allclose(np.bincount(indices.actions) / 4000, 1 / 6, atol=0.025)
    starts = np.bincount(indices.observations[:, 0], minlength=6) / 4000
    np.testing.assert_allclose(starts, [0.2, 0.2, 0.2, 0, 0.2, 0.2], atol=0.025)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("index", [graph for graph in GRAPHS if graph > 5])
def test_on_some_graphs_the_walks_lack_many_shortest_paths(index: int, seed: int) -> None:
    graph = random_graph(index)
    fewest = distances(graph)
    eligible = (fewest > 0) & (fewest <= HORIZON)
    best = best_lengths(walks_of(walks(graph, seed=seed)), graph)
    assert (best > fewest)[eligible].mean() >= 1 / 3


def test_walks_depend_on_their_seed_alone() -> None:
    first, again, other = (walks(LINE, 20, seed=seed) for seed in (1, 1, 2))
    assert first.actions.tobytes() == again.actions.tobytes() != other.actions.tobytes()


def test_bad_walks_are_refused() -> None:
    with pytest.raises(ValueError, match="policy must be 'edges' or 'indices', not 'lazy'"):
        walks(LINE, seed=0, policy="lazy")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="horizon must be at least 1, not 0"):
        walks(LINE, horizon=0, seed=0)


def test_a_task_makes_its_data_set(tmp_path: Path) -> None:
    """Three walks of at most 10 steps, and a few steps that make no walk more."""
    task = TASKS["graph2-walks"]
    made = generate(task, 39, 5, tmp_path / "set")
    read = storage.load(tmp_path / "set")
    expected = walks(random_graph(2), 3, seed=5)
    for data in (made, read):
        np.testing.assert_array_equal(data.observations, expected.observations)
        np.testing.assert_array_equal(data.actions, expected.actions)
        np.testing.assert_array_equal(data.lengths, expected.lengths)
    manifest = storage.read_manifest(tmp_path / "set")
    assert (manifest["task"], manifest["seed"]) == ("graph2-walks", 5)
    assert manifest["environment"] == "bench/ShortestPath2-v0"


def test_less_than_one_walk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 steps are too few: an episode of graph1-walks has 10"):
        generate(TASKS["graph1-walks"], 9, 0, tmp_path / "set")
    assert not (tmp_path / "set").exists()
