from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection

from bench.report.artifacts import table2 as table2_artifact
from bench.report.cells import Table
from bench.report.figures import bars
from bench.report.tables import headline, table2, tidy

Scored = Callable[..., pd.DataFrame]

RUNS = {
    ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
    ("hopper-medium-expert", "bc"): [19.0, 21.0],
    ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
    ("hopper-medium", "bc"): [40.0],
    ("hopper-medium", "behaviour"): [34.0, 34.0],
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect figures instead of throwing them away."""
    from matplotlib import pyplot as plt

    figures: list[Any] = []
    monkeypatch.setattr(plt, "close", figures.append)
    yield figures
    monkeypatch.undo()
    for figure in figures:
        plt.close(figure)


def draw(scores: pd.DataFrame, path: Path, table: Table | None = None) -> bytes:
    bars(table or table2(scores, "test"), headline(scores), [path])
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_the_same_input_gives_the_same_bytes(scored: Scored, tmp_path: Path, suffix: str) -> None:
    frame = scored(RUNS)
    first = draw(frame, tmp_path / f"first{suffix}")
    assert draw(frame.copy(), tmp_path / f"second{suffix}") == first
    assert first.startswith({".svg": b"<?xml", ".png": b"\x89PNG"}[suffix])
    assert sorted(path.suffix for path in tmp_path.iterdir() if path.is_file()) == [suffix] * 2


def test_other_numbers_give_another_picture(scored: Scored, tmp_path: Path) -> None:
    frame = scored(RUNS)
    other = scored(RUNS | {("hopper-medium", "dt"): [28.0, 30.0, 31.0]})
    assert draw(frame, tmp_path / "a.svg") != draw(other, tmp_path / "b.svg")


def test_the_numbers_behind_the_figure_are_the_tables(scored: Scored, tmp_path: Path) -> None:
    frame = scored(RUNS)
    behind = table2_artifact.make(frame, "test").numbers
    pd.testing.assert_frame_equal(behind, tidy(table2(frame, "test")))
    first = behind.iloc[0]
    assert (first["method"], first["runs"]) == ("dt", 3)
    assert (first["mean"], first["std"]) == pytest.approx((50, 1))


def test_bars_dots_and_lines_are_where_the_numbers_are(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    draw(scored(RUNS), tmp_path / "a.svg")
    panels = drawn[0].axes
    assert [axes.get_title(loc="left") for axes in panels] == ["Medium-Expert", "Medium"]
    expected_heights = [[[50], [20], [np.nan]], [[30], [40], [34]]]
    expected_dots = [[[49, 50, 51], [19, 21], []], [[29, 30, 31], [40], [34, 34]]]
    expected_lines = [{107.6, 79.6}, {67.6, 63.9}]
    for axes, heights, dots, lines in zip(
        panels, expected_heights, expected_dots, expected_lines, strict=True
    ):
        found = [
            [bar.get_height() for bar in group] for group in axes.containers if len(group) == 1
        ]
        np.testing.assert_allclose(found, heights)
        assert [label.get_text() for label in axes.get_xticklabels()] == ["Hopper"]
        seen = [
            sorted(round(y, 6) for y in collection.get_offsets()[:, 1])
            for collection in axes.collections
            if isinstance(collection, PathCollection)
        ]
        assert seen == dots
        drawn_lines = {
            segment[0][1]
            for collection in axes.collections
            if isinstance(collection, LineCollection)
            for segment in collection.get_segments()
            if len(segment)
        }
        assert lines <= drawn_lines
    # with one environment the panels stand side by side and share the axis
    assert [axes.get_ylabel() for axes in panels] == ["normalised score", ""]


def test_other_variants_of_the_data_leave_the_picture_alone(scored: Scored, tmp_path: Path) -> None:
    frame = scored(RUNS)
    sparse = scored({("hopper-medium", "dt"): [5.0, 6.0]}, reward="sparse")
    part = scored({("hopper-medium", "dt"): [7.0, 8.0]}, data_percent=10.0)
    everything = pd.concat([frame, sparse, part], ignore_index=True)
    assert draw(everything, tmp_path / "all.svg") == draw(frame, tmp_path / "dense.svg")


@pytest.mark.parametrize("source", ["generated", "d4rl"])
def test_the_papers_line_says_when_its_data_were_others(
    scored: Scored, tmp_path: Path, source: str
) -> None:
    svg = draw(scored(RUNS, source=source), tmp_path / "a.svg").decode()
    assert ">paper" in svg
    assert ("other data" in svg) == (source == "generated")


def test_labels_and_methods_are_in_the_legend(scored: Scored, tmp_path: Path) -> None:
    svg = draw(scored(RUNS), tmp_path / "a.svg").decode()
    for label in ("DT", "BC", "Behaviour"):
        assert f">{label}<" in svg


def test_many_formats_at_once(scored: Scored, tmp_path: Path) -> None:
    frame = scored(RUNS)
    files = [tmp_path / "new" / name for name in ("a.png", "a.svg")]
    bars(table2(frame, "test"), headline(frame), files)
    assert all(path.stat().st_size > 1000 for path in files)


def test_panels_of_several_environments_stand_below_each_other(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    runs = RUNS | {("walker2d-medium", "dt"): [10.0, 11.0], ("walker2d-medium", "bc"): [5.0]}
    draw(scored(runs), tmp_path / "a.svg")
    assert [axes.get_ylabel() for axes in drawn[0].axes] == ["normalised score"] * 2
    boxes = [axes.get_position() for axes in drawn[0].axes]
    assert boxes[0].x0 == pytest.approx(boxes[1].x0)
    assert boxes[0].y0 > boxes[1].y1


def test_sparse_and_dense_of_a_method_share_a_colour_and_differ_in_hatching(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    from bench.report.artifacts import table7

    frames = [scored(RUNS), scored(RUNS, reward="sparse")]
    artifact = table7.make(pd.concat(frames, ignore_index=True), "test")
    assert artifact.draw is not None
    artifact.draw([tmp_path / "a.svg"])
    bars_of_a_panel = [group[0] for group in drawn[0].axes[0].containers if len(group) == 1]
    looks = [(bar.get_facecolor(), bar.get_hatch()) for bar in bars_of_a_panel[:4]]
    (dt, hatched), (dt_again, plain), (bc, _), _ = looks
    assert dt == dt_again != bc
    assert hatched
    assert not plain
