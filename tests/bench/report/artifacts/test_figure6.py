"""Figures 2 and 6: the paper's numbers, and the artifacts from measures whose numbers are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.environments.graph import HORIZON, Graph, distances, random_graph
from bench.paper.graph import STITCHED, figure6_reached
from bench.paper.graph import figure6 as quoted_figure6
from bench.report.artifact import markdown, write_artifact
from bench.report.artifacts import figure2, figure6
from bench.report.artifacts.registry import ARTIFACTS
from bench.runs.diagnostics.paths import BEST, GENERATED, NEVER, RANDOM, SHORTEST

Row = dict[str, Any]
FILES = [f"artifact{suffix}" for suffix in ARTIFACTS["figure6"].suffixes]


def row(measure: str, group: str, value: float, **at: float) -> Row:
    numbers = {"x": math.nan, "y": math.nan, "spread": math.nan} | at
    return {"measure": measure, "group": group, "value": value, **numbers}


def histograms(generated: float) -> list[Row]:
    """Return rows where all shortest paths take 2 steps and a share of the generated ones does."""
    shares = {SHORTEST: {2: 1.0}, GENERATED: {2: generated, NEVER: 1 - generated}}
    shares[RANDOM] = {10: 0.25, NEVER: 0.75}
    rows = [
        row("steps", group, found.get(x, 0.0), x=x)
        for group, found in shares.items()
        for x in (*range(HORIZON + 1), NEVER)
    ]
    for group, value in ((GENERATED, generated), (RANDOM, 0.25), (BEST, 0.5)):
        rows += [row("reached", group, value), row("optimal", group, value / 2)]
    rows += [row("shorter", GENERATED, 0.1), row("unseen", GENERATED, math.nan)]
    return [*rows, row("unseen, stays counted", GENERATED, 0.3), row("stitched", GENERATED, 0.2)]


# two edges into the goal 2; 3 leads nowhere
GRAPH = [row("nodes", "", 4), row("goal", "", 2)]
GRAPH += [row("edge", "", 1, x=x, y=y) for x, y in ((0, 1), (1, 2), (3, 0), (1, 0))]
STITCH = [
    *(row("path", "", value, x=x, y=y) for x, y, value in ((0, 3, -3), (1, 0, -2), (2, 1, -1))),
    row("path", "", math.nan, x=3, y=2),
    *(row("walk", "first", math.nan, x=x, y=y) for x, y in enumerate((3, 3, 0, 1, 0))),
    *(row("walk", "second", x - 2, x=x, y=y) for x, y in enumerate((0, 1, 2))),
    *(row("walk", "miss", math.nan, x=x, y=y) for x, y in enumerate((0, 1, 0))),
    row("piece", "first", 1, x=0, y=3),
    row("piece", "second", 1, x=1, y=2),
]


def frame(*runs: tuple[str, int, list[Row]]) -> pd.DataFrame:
    about = {"method": "dt-graph", "label": "Transformer", "kind": "diagnostic", "position": 0}
    about |= {"source": "generated", "episodes": 512}
    return pd.concat(
        [pd.DataFrame(rows).assign(task=task, seed=seed, **about) for task, seed, rows in runs],
        ignore_index=True,
    )


SCORES = frame(
    ("graph1-walks", 0, [*histograms(0.8), *GRAPH]),
    ("graph1-walks", 1, [*histograms(0.6), *GRAPH, *STITCH]),
    ("graph2-walks", 0, [*histograms(0.4), *GRAPH]),
    ("graph2-walks", 1, [*histograms(0.2), *GRAPH]),
)


# --- the paper's numbers ------------------------------------------------------------------------


def test_the_papers_bars() -> None:
    found = {histogram.series: histogram for histogram in quoted_figure6()}
    assert list(found) == [SHORTEST, GENERATED, RANDOM]
    for histogram in found.values():
        assert histogram.paths == 512
        assert set(histogram.counts) == {*range(10), math.inf}
    assert found[SHORTEST].counts[2] == found[GENERATED].counts[2] == 185
    assert found[GENERATED].share(math.inf) == pytest.approx(73 / 512)
    assert found[RANDOM].share(10) == 0
    drawn = [(s, x) for s in found for x in (*range(1, 10), math.inf)]
    heights = [found[series].share(x) for series, x in drawn]
    assert sum(heights) == pytest.approx((3 * 512 - 25 - 25 - 16) / 512)


def test_the_papers_shares() -> None:
    assert figure6_reached() == pytest.approx(414 / 466)
    assert any(round(100 * k / 512, 1) == STITCHED for k in range(513))
    # so it is no share of the paths that are drawn as arriving
    assert not any(round(100 * k / 414, 1) == STITCHED for k in range(415))


# --- Figure 6 -----------------------------------------------------------------------------------


def test_figure_6_by_hand() -> None:
    artifact = figure6.make(SCORES, "test")
    numbers = artifact.numbers.set_index(["steps", "series"])
    assert numbers.loc[(2, SHORTEST), "mean"] == 100
    two = numbers.loc[(2, GENERATED)]
    assert (two["mean"], two["runs"]) == (pytest.approx(50), 4)
    assert 0 <= two["low"] < 50 < two["high"] <= 100
    assert two["paper"] == pytest.approx(100 * 185 / 512)
    assert numbers.loc[(NEVER, RANDOM), "paper"] == pytest.approx(100 * 381 / 512)
    assert numbers.loc[(10, RANDOM), "mean"] == 25
    shares = artifact.numbers.dropna(subset=["share"]).set_index(["share", "series"])
    assert shares.loc[("In the fewest steps, of eligible paths", GENERATED), "mean"] == 25
    assert shares.loc[("In the fewest steps, Graph 2", GENERATED), "mean"] == pytest.approx(15)
    assert (
        shares.loc[("Reach the goal and are not in the data, of all paths", GENERATED), "paper"]
        == 15.8
    )
    text = markdown(artifact)
    assert "| ∞ " in text
    assert "Transformer, paper" in text
    assert "2 random graphs, 2 seeds, 512 paths each" in text
    # no path arrived in any run, as far as this measure knows
    (unseen,) = [line for line in artifact.body if line[0].startswith("Not in the data")]
    assert unseen[3] == "—"
    assert artifact.foot == 5 + 2


@pytest.mark.parametrize("name", [figure6, figure2])
def test_an_artifact_writes_every_format_the_same_again(name: Any, tmp_path: Path) -> None:
    files = [tmp_path / name for name in FILES]
    write_artifact(name.make(SCORES, "test"), files)
    first = [path.read_bytes() for path in files]
    write_artifact(name.make(SCORES.copy(), "test"), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)


def test_one_seed_has_no_interval(tmp_path: Path) -> None:
    artifact = figure6.make(SCORES[SCORES["seed"] == 0], "test")
    assert "(no interval)" in markdown(artifact)
    write_artifact(artifact, [tmp_path / "figure6.svg"])
    svg = (tmp_path / "figure6.svg").read_text()
    for label in (SHORTEST, GENERATED, RANDOM, "paper (another graph)", "∞"):
        assert f">{label}<" in svg


@pytest.mark.parametrize("name", [figure6, figure2])
def test_a_suite_without_diagnostics_gets_the_key_to_set(name: Any) -> None:
    with pytest.raises(ValueError, match="set `diagnostic: paths` in the suite"):
        name.make(SCORES[SCORES["kind"] == "score"], "test")


# --- Figure 2 -----------------------------------------------------------------------------------


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
