"""Table 2 from known scores."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bench.report.artifacts import table2 as table2_artifact
from bench.report.scores import collect
from bench.report.tables import table2, tidy
from bench.runs.plan import Plan
from tests.conftest import write_scores
from tests.helpers.evidence import REPLAY, made, whole
from tests.helpers.tables import RUNS, Scored

__all__ = ["whole"]  # fixtures


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
