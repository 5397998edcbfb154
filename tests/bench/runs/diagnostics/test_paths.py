"""What is measured of generated paths, by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.trajectories import F32, I64
from bench.environments.graph import (
    random_graph,
)
from bench.runs.diagnostics.paths import (
    best_lengths,
    measures,
    random_lengths,
    roll_out,
    walks_of,
)
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


def test_paths_go_on_until_they_arrive_or_time_is_up() -> None:
    found = roll_out(Table([1, 2, 3, 3, 2, 5]), LINE, np.array([0, 3, 5]), seed=1, horizon=4)
    assert found.nodes.tolist() == [[0, 1, 2, 3, 3], [3, 3, 3, 3, 3], [5, 5, 5, 5, 5]]
    assert found.steps.tolist() == [3, 0, 4]
    assert found.arrived.tolist() == [True, True, False]
    assert [found.whole(path) for path in range(3)] == [(0, 1, 2, 3), (3,), (5, 5, 5, 5, 5)]
    assert found.target_steps.shape == (3, 4)
    assert (found.target_steps == 1).all()


def test_data_without_final_observations_say_so() -> None:
    data = replace(data_of(*WALKS), final_observations=None)
    with pytest.raises(ValueError, match="where the walks end: final_observations are missing"):
        walks_of(data)
