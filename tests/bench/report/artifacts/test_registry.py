"""Every artifact of evidence from records whose numbers are known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.report.artifact import markdown, write_artifact
from bench.report.artifacts.registry import ARTIFACTS, artifact_file
from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_every_artifact_has_a_module_and_a_caption() -> None:
    for name in ARTIFACTS:
        assert (ROOT / artifact_file(name)).exists()
        assert ARTIFACTS[name].caption_of("mujoco", "test").strip().endswith(".")


@pytest.mark.parametrize(
    "name",
    ["table2", "figure3", "aggregates", "profiles", "improvement", "peers", "table3", "variants"],
)
def test_an_artifact_writes_every_format_the_same_again(
    name: str, frame: Frame, tmp_path: Path
) -> None:
    scores = frame((FULL, {}))
    files = [tmp_path / "out" / f"{name}{suffix}" for suffix in ARTIFACTS[name].suffixes]
    write_artifact(made(name, scores), files)
    first = [path.read_bytes() for path in files]
    write_artifact(made(name, scores.copy()), files)
    assert [path.read_bytes() for path in files] == first
    assert all(first)


@pytest.mark.parametrize("name", ["table2", "figure3", "aggregates", "table3", "table5", "table7"])
def test_an_artifact_without_its_scores_is_refused(name: str, frame: Frame) -> None:
    scores = frame(({(REPLAY, "bc"): [1.0]}, {"data_percent": 10.0}))
    with pytest.raises(ValueError, match=r"no (score|task)"):
        made(name, scores)


def test_one_seed_and_diverged_runs_go_through_every_table(frame: Frame) -> None:
    one = {key: values[:1] for key, values in FULL.items()}
    scores = frame((one, {"diverged": ("cql",)}))
    for name in ("table2", "table3", "figure3", "aggregates", "improvement", "profiles", "peers"):
        assert made(name, scores).body
    assert "†" in markdown(made("table2", scores))
    assert "(1 seed)" in markdown(made("table2", scores))


def test_a_variant_that_quotes_the_same_column_is_not_more_seeds(frame: Frame) -> None:
    scores = frame((FULL, {}))
    again = scores[scores["method"] == "dt"].assign(
        method="dt2", label="DT 2", position=9, score=0.0
    )
    both = pd.concat([scores, again], ignore_index=True)
    for name in ("figure3", "peers"):
        pd.testing.assert_frame_equal(made(name, both).numbers, made(name, scores).numbers)
