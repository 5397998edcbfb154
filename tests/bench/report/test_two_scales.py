"""Two scales side by side: means and spreads by hand, reversed orders, and runs that are missing."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.report.artifact import write_artifact
from bench.report.finished import Finished
from bench.report.scores import collect
from bench.report.two_scales import Line, lines, make, reversals, spread
from bench.runs.plan import make_plan
from bench.stats.intervals import difference
from tests.conftest import CONFIG, Cells, write_scores
from tests.helpers.evidence import EXPERT, MEDIUM, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures

Scale = Callable[..., Finished]


@pytest.fixture
def finished(frame: Frame) -> Scale:
    """Return a scale with these scores."""

    def make_scale(name: str, *suites: tuple[str, Cells], complete: bool = True) -> Finished:
        frames = {suite: frame((cells, {})) for suite, cells in suites}
        return Finished(name, frames, frozenset(frames if complete else ()))

    return make_scale


def test_means_are_over_the_tasks_of_both_scales(finished: Scale) -> None:
    """At the first scale 20 on one task; at the second one 30, and another task that does not count."""
    first = finished("quick", ("mujoco", {(MEDIUM, "dt"): [10, 20, 30]}))
    second = finished("desk", ("mujoco", {(MEDIUM, "dt"): [29, 31], (EXPERT, "dt"): [100, 100]}))
    table = make(first, second)
    row = table.numbers.iloc[0]
    assert (row["data_sets"], row["first"], row["second"]) == (1, 20, 30)
    assert row["change"] == pytest.approx(10)
    assert (row["first_spread"], row["second_spread"]) == pytest.approx((10, math.sqrt(2)))
    half = 4.302652729911275 * 10 / math.sqrt(3)
    assert (row["first_low"], row["first_high"]) == pytest.approx((20 - half, 20 + half))
    assert table.headings[3:6] == ["quick", "desk", "desk - quick"]


def test_equal_episodes_of_an_untrained_policy_count_once() -> None:
    scores = [[0.0, 2.0], [0.0, 2.0]]
    untrained = Line(
        "mujoco", "Uniform", "", (MEDIUM, EXPERT), scores, scores, (1, 1), trained=False
    )
    half = 12.706204736432095
    before, after = untrained.means()
    assert (before.low, before.high) == pytest.approx((1 - half, 1 + half))
    assert after == before
    trained = Line("mujoco", "DT", "", (MEDIUM, EXPERT), scores, scores, (1, 1))
    assert trained.means()[0].high < 1 + half / 2


def test_the_change_of_an_untrained_policy_counts_equal_episodes_once() -> None:
    scores = [[0.0, 2.0], [0.0, 2.0]]
    about = ("mujoco", "Uniform", "", (MEDIUM, EXPERT), scores, scores, (1, 1))
    found = Line(*about, trained=False).change()
    one = difference([[0.0, 2.0]], [[0.0, 2.0]])
    assert (found.low, found.high) == pytest.approx((one.low, one.high))
    assert Line(*about).change().high < one.high


def test_success_rates_stay_in_their_bounds(tmp_path: Path) -> None:
    task = "key_to_door-1k"
    scores = collect(write_scores(tmp_path, {(task, "cql"): [0.0, 1.0, 9.0]}), make_plan(CONFIG))
    scale = Finished("quick", {"mujoco": scores}, frozenset())
    row = make(scale, scale).numbers.iloc[0]
    assert 0 <= row["first_low"] < row["first"] < row["first_high"]
    assert row["first_low"] == row["second_low"]


def test_the_spread_is_the_root_of_the_mean_variance() -> None:
    """Variances 2 and 8; a task with one run has none."""
    assert spread([[0, 2], [0, 4], [50]]) == pytest.approx(math.sqrt(5))
    assert math.isnan(spread([[1], [2]]))


def line(label: str, first: list[float], second: list[float], **more: Any) -> Line:
    about = {"suite": "mujoco", "condition": "", "tasks": (MEDIUM,)} | more
    return Line(label=label, first=[first], second=[second], seconds=(1, 1), **about)


def test_only_an_order_that_was_certain_is_reversed() -> None:
    certain = [line("A", [10, 11, 12], [50, 51]), line("B", [30, 31, 32], [40, 41])]
    ((better, worse, before, after),) = reversals(certain)
    assert (better.label, worse.label) == ("A", "B")
    assert (before.mean, after.mean) == (-20, 10)
    assert before.low < before.mean < before.high < 0
    ((better, worse, before, _),) = reversals(certain[::-1])
    assert (better.label, worse.label, before.mean) == ("A", "B", -20)
    assert before.low < before.mean < before.high < 0
    assert reversals([line("A", [0, 25, 50], [50, 51]), line("B", [20, 30, 40], [40, 41])]) == []
    kept = [line("A", [10, 11, 12], [20, 21]), line("B", [30, 31, 32], [40, 41])]
    assert reversals(kept) == []
    apart = [certain[0], line("B", [30, 31, 32], [40, 41], condition="sparse")]
    assert reversals(apart) == []


def test_the_notes_name_reversed_orders_and_missing_runs(finished: Scale) -> None:
    first = finished(
        "quick", ("mujoco", {(MEDIUM, "dt"): [10, 11, 12], (MEDIUM, "bc"): [30, 31, 32]})
    )
    second = finished(
        "desk", ("mujoco", {(MEDIUM, "dt"): [50, 51], (MEDIUM, "bc"): [40, 41]}), complete=False
    )
    notes = make(first, second).notes
    assert any(
        "Reversed (mujoco): " in note and "10.0 [" in note and "at desk" in note for note in notes
    )
    assert "Scale desk is not complete; runs are missing in: mujoco." in notes
    assert not any("Scale quick is not complete" in note for note in notes)
    same = make(first, first).notes
    assert "No order of two methods that is certain at quick is reversed at quick." in same


def test_dense_and_sparse_rewards_are_two_lines(frame: Frame) -> None:
    cells = {(MEDIUM, "dt"): [10.0, 20.0]}
    both = frame((cells, {}), (cells, {"reward": "sparse"}))
    scale = Finished("quick", {"sparse": both}, frozenset({"sparse"}))
    assert [each.condition for each in lines(scale, scale)] == ["", "sparse"]
    assert [row[1] for row in make(scale, scale).body] == ["DT", "DT, sparse"]


def test_a_reversed_order_that_may_be_chance_is_marked(finished: Scale) -> None:
    first = finished("quick", ("m", {(MEDIUM, "dt"): [10, 11, 12], (MEDIUM, "bc"): [30, 31, 32]}))
    sure = finished("desk", ("m", {(MEDIUM, "dt"): [50, 51, 52], (MEDIUM, "bc"): [40, 41, 42]}))
    wide = finished("desk", ("m", {(MEDIUM, "dt"): [0, 50, 100], (MEDIUM, "bc"): [40, 41, 42]}))

    def reversed_at(second: Finished) -> str:
        [note] = [note for note in make(first, second).notes if note.startswith("Reversed")]
        return note

    assert "chance" not in reversed_at(sure)
    assert reversed_at(wide).endswith(", which may be chance at desk.")


def test_a_suite_of_sparse_rewards_has_a_panel(tmp_path: Path, frame: Frame) -> None:
    cells = {(MEDIUM, "dt"): [10.0, 20.0], (MEDIUM, "bc"): [30.0, 31.0]}
    sparse = frame((cells, {"reward": "sparse"}))
    both = frame((cells, {"reward": "sparse"}), (cells, {}))
    scale = Finished("quick", {"late": sparse, "two": both}, frozenset())
    write_artifact(make(scale, scale), [tmp_path / "a.svg"])
    titles = (tmp_path / "a.svg").read_text()
    assert ">late, sparse<" in titles
    assert ">two<" in titles
    only = Finished(
        "quick", {"late": frame(({(MEDIUM, "dt"): [1.0, 2.0]}, {"reward": "sparse"}))}, frozenset()
    )
    write_artifact(make(only, only), [tmp_path / "b.svg"])
    assert ">late, sparse<" in (tmp_path / "b.svg").read_text()


def test_scales_without_a_common_run(finished: Scale) -> None:
    first = finished("quick", ("mujoco", {(MEDIUM, "dt"): [10]}))
    second = finished("desk", ("mujoco", {(EXPERT, "dt"): [10]}))
    with pytest.raises(ValueError, match="scales quick and desk: nothing stands side by side"):
        make(first, second)


def test_a_figure_with_a_panel_for_each_suite(tmp_path: Path, finished: Scale) -> None:
    two = {(MEDIUM, "dt"): [10.0, 20.0], (MEDIUM, "bc"): [30.0, 31.0]}
    scale = finished("quick", ("mujoco", two), ("targets", {(MEDIUM, "dt"): [1.0, 2.0]}))
    files = [tmp_path / "a.svg", tmp_path / "a.md", tmp_path / "a.csv"]
    write_artifact(make(scale, scale), files)
    picture = files[0].read_text()
    assert "mujoco" in picture
    assert "<!-- targets" not in picture
    alone = finished("quick", ("targets", {(MEDIUM, "dt"): [1.0, 2.0]}))
    write_artifact(make(alone, alone), [tmp_path / "b.png"])
    assert (tmp_path / "b.png").stat().st_size > 0
