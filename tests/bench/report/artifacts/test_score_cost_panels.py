"""The figure of the artifact `score_cost`."""

from __future__ import annotations

from typing import Any

import pytest

from bench.report.artifacts.score_cost import make
from tests.helpers.curves import MEDIUM, REACHER, REPLAY, frame, level, run, untimed, usual
from tests.helpers.figures import drawn

__all__ = ["drawn"]  # fixture


def axes_of(drawn: list[Any], *parts: list[dict[str, Any]]) -> list[Any]:
    artifact = make(frame(*parts), "test")
    assert artifact.draw is not None
    artifact.draw([])
    axes: list[Any] = drawn[-1].axes
    return axes


def texts(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def test_two_means_above_and_a_panel_for_each_data_set(drawn: list[Any]) -> None:
    axes = axes_of(
        drawn, usual(), usual(REPLAY), [level("uniform", t, 1.0) for t in (MEDIUM, REPLAY)]
    )
    titles = [each.get_title(loc="left") for each in axes]
    assert titles == [
        "Mean over 2 data sets",
        "By updates, over 2 data sets of d3rlpy",
        "Hopper Medium",
        "Hopper Medium-Replay",
    ]
    assert axes[0].get_xscale() == axes[1].get_xscale() == axes[2].get_xscale() == "log"
    assert sorted(texts(axes[0])) == ["BC", "Behaviour", "DT", "Uniform"]
    assert [label.get_text() for label in axes[0].get_xticklabels()] == [
        "0.1 s",
        "1 s",
        "10 s",
        "1 min",
    ]
    dt = next(line for line in axes[0].lines if line.get_label() == "DT")
    assert dt.get_xdata().tolist() == [1, 10, 30, 60, 100]
    assert dt.get_markevery() == [0, 1, 4]
    dashed, dotted = (line for line in axes[0].lines if len(set(line.get_ydata())) == 1)
    assert (dashed.get_linestyle(), dashed.get_ydata()[0]) == ("--", 41)
    assert (dotted.get_linestyle(), dotted.get_ydata()[0]) == (":", 1)


def test_published_curves_are_grey_and_named(drawn: list[Any]) -> None:
    _, updates, _ = axes_of(drawn, usual())
    grey = [line for line in updates.lines if line.get_color() == "0.6"]
    assert len(grey) == 4
    assert {"DT, d3rlpy", "CQL, d3rlpy", "IQL, d3rlpy", "TD3+BC, d3rlpy"} < set(texts(updates))
    assert axes_of(drawn, usual(REACHER))[1].get_title(loc="left") == "By updates"


def test_methods_differ_in_colour_and_marker(drawn: list[Any]) -> None:
    lines = [line for line in axes_of(drawn, usual())[2].lines if line.get_label() in ("DT", "BC")]
    assert (
        len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 2
    )


def test_a_method_without_times_is_named_in_the_figure(drawn: list[Any]) -> None:
    rows = [r for r in usual() if r["method"] != "dt"]
    axes = axes_of(drawn, untimed(run("dt")), rows)
    assert "DT: no times" in texts(axes[0])
    assert "DT" in texts(axes[1])


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_point_is_drawn_with_its_interval(seeds: int, drawn: list[Any]) -> None:
    rows = [r for r in usual() if r["final"] and r["seed"] < seeds]
    axes = axes_of(drawn, rows)
    dt = next(line for line in axes[0].lines if line.get_label() == "DT")
    assert dt.get_xdata().tolist() == [100]


def test_wide_bands_do_not_stretch_the_axis(drawn: list[Any]) -> None:
    wide = [r | {"score": r["score"] + 60 * r["seed"] * (r["method"] == "dt")} for r in usual()]
    low, high = axes_of(drawn, wide)[0].get_ylim()
    assert (low, high) == (-4, 104)


def test_a_narrow_axis_still_has_two_times(drawn: list[Any]) -> None:
    rows = [r | {"core_seconds": 20.0 + r["seed"]} for r in usual() if r["final"]]
    axes = axes_of(drawn, rows)
    labels = [label.get_text() for label in axes[0].get_xticklabels()]
    assert labels == ["10 s", "1 min"]
