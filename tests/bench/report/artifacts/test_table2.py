"""Table 2 from known scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifacts import table2 as table2_artifact
from bench.report.cells import AVERAGE
from bench.report.scores import collect
from bench.report.tables import table2, tidy
from bench.runs.plan import Plan
from tests.conftest import write_scores
from tests.helpers.evidence import REPLAY, made, whole
from tests.helpers.figures import drawn
from tests.helpers.tables import RUNS, Scored

__all__ = ["drawn", "whole"]  # fixtures


def test_columns_stand_in_the_order_of_the_suite(tmp_path: Path, whole: Plan) -> None:
    swapped = replace(
        whole, runs={"mujoco": tuple(reversed(whole.runs["mujoco"])), "other": whole.runs["mujoco"]}
    )
    paths = write_scores(tmp_path, {(REPLAY, "dt"): [1.0], (REPLAY, "bc"): [2.0]})
    for suite, order in (("mujoco", ["bc", "dt"]), ("other", ["dt", "bc"])):
        artifact = made("table2", collect(paths, swapped, suite))
        assert list(dict.fromkeys(artifact.numbers["method"])) == order


def test_the_numbers_behind_the_figure_are_the_tables(scored: Scored, tmp_path: Path) -> None:
    frame = scored(RUNS)
    behind = table2_artifact.make(frame, "test").numbers
    pd.testing.assert_frame_equal(behind, tidy(table2(frame, "test")))
    first = behind.iloc[0]
    assert (first["method"], first["runs"]) == ("dt", 3)
    assert (first["mean"], first["std"]) == pytest.approx((50, 1))


def test_the_figure_shows_the_rows_of_the_table_without_its_average(
    scored: Scored, tmp_path: Path, drawn: list[Any]
) -> None:
    artifact = table2_artifact.make(scored(RUNS), "test")
    assert [line[0] for line in artifact.body] == ["Medium-Expert", "Medium", AVERAGE]
    assert artifact.foot == 1
    assert artifact.draw is not None
    artifact.draw([tmp_path / "a.svg"])
    panels = drawn[0].axes
    assert [axes.get_title(loc="left") for axes in panels] == ["Medium-Expert", "Medium"]
    heights = [group[0].get_height() for group in panels[1].containers if len(group) == 1]
    assert heights == pytest.approx([30, 40, 34])
