"""The results of other implementations beside ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.artifact import write_artifact
from tests.helpers.evidence import FULL, REPLAY, Frame, frame, made, whole

__all__ = ["frame", "whole"]  # fixtures


def test_peers_quote_and_never_rank_the_best(frame: Frame) -> None:
    numbers = made("peers", frame((FULL, {}))).numbers
    ours = numbers[numbers["source"] == "this suite"].set_index(["method", "task"])
    assert ours.loc[("10%BC", REPLAY), "mean"] == pytest.approx(30)
    corl = numbers[(numbers["source"] == "CORL") & (numbers["task"] == REPLAY)]
    last = corl[(corl["method"] == "CQL") & (corl["rule"] == "last")]
    assert (last["mean"].item(), last["std"].item()) == (95.11, 5.27)
    assert not numbers[numbers["rule"].str.startswith("best")]["ranked"].any()


def test_the_papers_number_stands_beside_ours(frame: Frame) -> None:
    artifact = made("peers", frame(({(REPLAY, "dt"): [80.0, 82.0]}, {})))
    line = next(line for line in artifact.body if line[0] == "DT")
    assert line[1:3] == ["Medium-Replay", "Hopper"]
    assert line[3].startswith("81.0 [")
    assert line[4] == "82.7 ± 7.0"
    theirs = artifact.numbers[artifact.numbers["source"] == "the paper"].set_index("method")
    assert theirs.loc["DT", ["mean", "std", "seeds"]].tolist() == [82.7, 7.0, 3]
    # what we did not run has a row all the same
    cql = next(line for line in artifact.body if line[0] == "CQL")
    assert cql[3] == "—"
    assert dict(zip(artifact.headings, cql, strict=True))["CORL, last"] == "95.1 ± 5.3"


def test_tasks_that_nobody_else_reports_have_an_empty_table_that_says_so(
    frame: Frame, tmp_path: Path
) -> None:
    artifact = made("peers", frame(({("reacher2d-medium", "dt"): [1.0]}, {})))
    assert artifact.body == []
    assert artifact.notes[0].startswith("No other implementation publishes results")
    files = [tmp_path / f"peers{suffix}" for suffix in (".md", ".html", ".tex", ".csv")]
    write_artifact(artifact, files)
    assert "No other implementation" in files[0].read_text()
    assert all(path.stat().st_size for path in files)
