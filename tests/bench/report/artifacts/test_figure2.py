"""Figure 2 from diagnostics whose measures are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.environments.graph import Graph, distances, random_graph
from bench.report.artifact import write_artifact
from bench.report.artifacts import figure2
from tests.helpers.paths import FILES, SCORES


def test_figure_2_is_of_the_first_run_that_has_a_path() -> None:
    artifact = figure2.make(SCORES, "test")
    assert artifact.body == [
        ["Walk, first piece", "3* [-∞] → 0* [-∞] → 1* [-∞] → 0 [-∞]"],
        ["Walk, second piece", "0 [-2] → 1* [-1] → 2* [0]"],
        ["Walk that misses the goal", "0 [-∞] → 1 [-∞] → 0 [-∞]"],
        ["Generated", "3 [-3] → 0 [-2] → 1 [-1] → 2 [0]"],
    ]
    assert "Graph 1, seed 1, goal 2" in artifact.notes[0]


def test_figure_2_without_a_stitched_path_says_so(tmp_path: Path) -> None:
    artifact = figure2.make(SCORES[SCORES["seed"] == 0], "test")
    assert artifact.body == [["Graph", "4 nodes, 4 edges"]]
    assert any("No run generated" in note for note in artifact.notes)
    write_artifact(artifact, [tmp_path / "figure2.png"])


def test_the_graph_is_the_one_that_was_measured() -> None:
    graph = figure2.graph_of_rows(SCORES[SCORES["seed"] == 1].query("task == 'graph1-walks'"))
    assert graph.goal == 2
    assert np.argwhere(graph.adjacency).tolist() == [[0, 1], [1, 0], [1, 2], [3, 0]]


@given(st.integers(1, 200))
def test_nodes_are_drawn_apart_in_columns_by_distance(index: int) -> None:
    graph: Graph = random_graph(index)
    places, steps = figure2.layout(graph), distances(graph)
    assert len(set(places.values())) == graph.nodes
    right = places[graph.goal][0]
    for node, (x, _) in places.items():
        assert x == (right - steps[node] if np.isfinite(steps[node]) else -1)


def test_it_writes_every_format_the_same_again(tmp_path: Path) -> None:
    files = [tmp_path / name for name in FILES]
    write_artifact(figure2.make(SCORES, "test"), files)
    first = [path.read_bytes() for path in files]
    write_artifact(figure2.make(SCORES.copy(), "test"), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)


def test_a_suite_without_diagnostics_gets_the_key_to_set() -> None:
    with pytest.raises(ValueError, match="set `diagnostic: paths` in the suite"):
        figure2.make(SCORES[SCORES["kind"] == "score"], "test")
