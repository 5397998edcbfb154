"""Table 5, context length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, made, whole
from tests.helpers.figures import figures
from tests.helpers.games import BREAKOUT, PONG, Games, Played, arcade, cells, played

__all__ = ["arcade", "figures", "frame", "played", "whole"]  # fixtures


def test_table_5_is_about_methods_with_a_context(frame: Frame, tmp_path: Path) -> None:
    cells = {(REPLAY, "dt-k1"): [10.0, 12.0], (REPLAY, "dt-k20"): [20.0, 22.0]}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt-k20": 20.0})
    artifact = made("table5", pd.concat([scores, frame(({(REPLAY, "bc"): [99.0]}, {}))]))
    assert list(artifact.numbers["method"].unique()) == ["dt-k1", "dt-k20"]
    write_artifact(artifact, [tmp_path / "table5.svg"])
    assert ">context length K" in (tmp_path / "table5.svg").read_text()


def test_table_5_stands_beside_the_papers_contexts(played: Played, tmp_path: Path) -> None:
    games: Games = {
        (task, method): [low + gain, low + gain + 1]
        for task, low in ((PONG, -21.0), (BREAKOUT, 2.0))
        for method, gain in (("dt-atari-k1", 3.0), ("dt-atari", 9.0))
    }
    scores = played(games)
    with pytest.raises(ValueError, match="no score of a method with a context"):
        made("table5", scores)
    contexts = {"dt-atari-k1": 1.0, "dt-atari": 10.0}
    scores["context_length"] = scores["method"].map(contexts)
    artifact = made("table5", scores)
    assert artifact.title.startswith("Table 5 (layout of")
    found = cells(artifact, "Breakout")
    assert (found["DT, K = 1, paper"], found["DT, paper"]) == ("73.9 ± 10.0", "267.5 ± 97.5")
    assert cells(artifact, "Pong")["DT, paper"] == "106.1 ± 8.1"
    assert "The longer context is 30 in the paper, on Pong 50; here it is 10." in artifact.notes
    mixed = scores.assign(task=scores["task"].replace({PONG: "hopper-medium"}))
    with pytest.raises(ValueError, match="put them into two suites"):
        made("table5", mixed)
    scores.loc[(scores["task"] == PONG) & (scores["context_length"] > 1), "context_length"] = 20
    notes = made("table5", scores).notes
    longer = (
        "The longer context is 30 in the paper, on Pong 50; here it is 20 on Pong, 10 on Breakout."
    )
    assert longer in notes
    write_artifact(artifact, [tmp_path / "table5.svg"])
    svg = (tmp_path / "table5.svg").read_text()
    for words in ("Breakout", "Pong", "paper, ± std of 3 seeds", ">context length K"):
        assert words in svg


def test_the_number_of_updates_is_named(frame: Frame) -> None:
    cells = {(REPLAY, "dt-k1"): [10.0, 12.0], (REPLAY, "dt-k20"): [20.0, 22.0]}
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt-k20": 20.0})
    assert made("table5", scores).notes[0].endswith("Updates: 20 for every K.")
    scores.loc[scores["method"] == "dt-k1", "step"] = 40
    assert made("table5", scores).notes[0].endswith("Updates: different numbers for different K.")


def test_the_figure_has_a_panel_for_each_data_set_over_k(frame: Frame, figures: list[Any]) -> None:
    cells = {
        (task, method): [base + gain, base + gain + 2]
        for task, base in ((REPLAY, 10.0), (MEDIUM, 40.0))
        for method, gain in (("dt-k1", 0.0), ("dt-k20", 5.0))
    }
    scores = frame((cells, {}))
    scores["context_length"] = scores["method"].map({"dt-k1": 1.0, "dt-k20": 20.0})
    artifact = made("table5", scores)
    assert artifact.draw is not None
    artifact.draw([])
    panels = figures[0].axes
    for axes in panels:
        assert axes.get_xscale() == "log"
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "20"]
    found = {axes.get_title(loc="left"): axes.lines[0].get_ydata().tolist() for axes in panels}
    assert found == {
        "Hopper Medium-Replay": pytest.approx([11, 16]),
        "Hopper Medium": pytest.approx([41, 46]),
    }
