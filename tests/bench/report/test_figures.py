from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import to_hex

from bench.report.cells import Table
from bench.report.figures import COLOURS, bars, label_ends
from bench.report.tables import headline, table2
from tests.helpers.figures import drawn
from tests.helpers.tables import RUNS, Scored

__all__ = ["drawn"]  # fixtures


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


def colours(axes: Any) -> dict[str, str]:
    """Return the label of each group of bars -> its colour."""
    groups = [group for group in axes.containers if len(group) == 1]
    return {group.get_label(): to_hex(group[0].get_facecolor()).upper() for group in groups}


def test_a_method_has_its_colour_wherever_it_stands(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    """One that is not listed stands before CQL, and DT before it; two methods have one label."""
    table = table2(scored(RUNS), "test")
    labels = dict(zip(table.labels, ("Mine", "DT", "Mine"), strict=True))
    draw(scored(RUNS), tmp_path / "a.svg", replace(table, labels=labels))
    assert colours(drawn[0].axes[0]) == {"Mine": COLOURS[1], "DT": COLOURS[0]}


def test_both_rewards_of_a_method_have_its_colour(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    """A comma in a label is part of it."""
    names = {"a": "DT, wide", "b": "DT, deep", "dt": "DT"}
    keys = [f"{name}/{reward}" for name in names for reward in ("sparse", "dense")]
    labels = {key: f"{names[key.partition('/')[0]]}, {key.partition('/')[2]}" for key in keys}
    table = table2(scored(RUNS), "test")
    cells = {row: dict.fromkeys(keys, line["dt"]) for row, line in table.rows.items()}
    draw(scored(RUNS), tmp_path / "a.svg", replace(table, labels=labels, rows=cells))
    found = colours(drawn[0].axes[0])
    wanted = {"DT, wide": COLOURS[1], "DT, deep": COLOURS[2], "DT": COLOURS[0]}
    assert found == {label: wanted[label.rpartition(", ")[0]] for label in labels.values()}


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


def test_labels_at_the_ends_of_lines_do_not_overlap(drawn: list[Any]) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(4, 3))
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 100)
    ends = [(10.0, y, f"at {y}", "black") for y in (50.0, 51.0, 52.0, 99.0, 100.0, 10.0)]
    label_ends(axes, [*ends, (math.nan, 30.0, "level", "black")])
    figure.canvas.draw()
    texts = [text for text in axes.texts if text.get_text()]
    boxes = sorted((text.get_window_extent() for text in texts), key=lambda box: box.y0)
    assert len(boxes) == 7
    for low, high in itertools.pairwise(boxes):
        assert low.y1 <= high.y0 + 1
    assert [text.get_text() for text in texts][:3] == ["at 10.0", "level", "at 50.0"]
    plt.close(figure)
