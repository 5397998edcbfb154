"""Table 7, sparse reward beside dense reward."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.cells import AVERAGE
from tests.helpers.evidence import REPLAY, Frame, frame, made, whole
from tests.helpers.figures import drawn
from tests.helpers.tables import RUNS, Scored

__all__ = ["drawn", "frame", "whole"]  # fixtures


def test_table_7_sets_sparse_beside_dense(frame: Frame, tmp_path: Path) -> None:
    dense = {(REPLAY, "dt"): [80.0, 82.0], (REPLAY, "bc10"): [70.0, 72.0]}
    sparse = {(REPLAY, "dt"): [60.0, 62.0], (REPLAY, "bc10"): [71.0, 73.0]}
    artifact = made("table7", frame((dense, {}), (sparse, {"reward": "sparse"})))
    numbers = artifact.numbers[artifact.numbers["data"] != AVERAGE].set_index("method")
    assert list(numbers.index) == ["dt/sparse", "dt/dense", "bc10/sparse", "bc10/dense"]
    assert numbers["mean"].tolist() == pytest.approx([61, 81, 72, 71])
    assert numbers["paper_mean"].tolist()[:2] == [78.5, 82.7]
    assert math.isnan(numbers.loc["bc10/sparse", "paper_mean"])
    assert numbers.loc["bc10/dense", "paper_mean"] == 70.6
    assert artifact.headings[2:4] == ["DT, sparse", "DT, sparse, paper"]
    write_artifact(artifact, [tmp_path / "table7.png"])


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
