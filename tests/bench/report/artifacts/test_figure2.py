"""Figure 2 from diagnostics whose measures are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.environments.graph import Graph, distances, random_graph
from bench.report.artifact import write_artifact
from bench.report.artifacts import figure2
from tests.helpers.figures import figures
from tests.helpers.paths import FILES, SCORES

__all__ = ["figures"]  # fixtures


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


def walk(*steps: tuple[int, int, float]) -> pd.DataFrame:
    return pd.DataFrame(steps, columns=["x", "y", "value"])


def test_a_stay_in_a_node_is_one_visit_with_its_last_return() -> None:
    steps = walk((0, 3, -4.0), (1, 3, -3.0), (2, 0, -2.0), (3, 3, -1.0))
    assert figure2.visits(steps) == [(0, 3, -3), (2, 0, -2), (3, 3, -1)]


def test_steps_are_put_in_order() -> None:
    shuffled = walk((2, 1, -1.0), (0, 3, -3.0), (1, 0, -2.0)).assign(group="first")
    assert figure2.trace(shuffled).values.tolist() == [[0, 3, -3], [1, 0, -2], [2, 1, -1]]


def test_only_the_goal_of_a_walk_that_arrives_has_return_0() -> None:
    arrives = walk((0, 1, -1.0), (1, 2, math.nan))
    assert figure2.spell(arrives, None) == "1 [-1] → 2 [0]"
    assert figure2.spell(arrives, (1, 1)) == "1 [-1] → 2* [0]"
    misses = walk((0, 1, math.nan), (1, 0, math.nan))
    assert figure2.spell(misses, (0, 0)) == "1* [-∞] → 0 [-∞]"


def test_places_by_hand() -> None:
    # 3 → 0 → 1 → 2, the goal; nodes in odd columns are shifted upwards
    graph = figure2.graph_of_rows(SCORES[SCORES["seed"] == 1].query("task == 'graph1-walks'"))
    assert figure2.layout(graph) == {3: (0, 0), 0: (1, 0.22), 1: (2, 0), 2: (3, 0.22)}


def test_the_panels_show_the_walks_and_the_path(figures: list[Any]) -> None:
    artifact = figure2.make(SCORES, "test")
    assert artifact.draw is not None
    artifact.draw([])
    graph, data, generation = figures[0].axes
    assert [axes.get_title(loc="left") for axes in (graph, data, generation)] == [
        "graph",
        "training data (random walks)",
        "generation",
    ]
    assert [line.get_label() for line in data.lines] == [
        "walk, first piece",
        "walk, second piece",
        "walk that misses the goal",
    ]
    nodes = [text.get_text() for text in graph.texts if text.get_text().isdigit()]
    assert sorted(nodes) == ["0", "1", "2", "3"]
    # the returns of the path stand below its nodes
    returns = [text.get_text() for text in generation.texts if text.get_text().startswith("-")]
    assert returns == ["-3", "-2", "-1"]
