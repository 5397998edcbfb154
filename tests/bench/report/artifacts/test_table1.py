"""Table 1, Atari."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.container import BarContainer

from tests.helpers.evidence import made
from tests.helpers.figures import figures
from tests.helpers.games import QBERT, SMALL, Played, arcade, cells, played

__all__ = ["arcade", "figures", "played"]  # fixtures


def test_table_1_by_hand(played: Played) -> None:
    artifact = made("table1", played(SMALL))
    found = cells(artifact, "Breakout")
    # 75 ± t(0.975, 2 degrees) (100 / 28) / sqrt(3) = 75 ± 8.87
    assert (found["DT"], found["DT, paper"]) == ("75.0 [66.1, 83.9]", "267.5 ± 97.5")
    assert (found["CQL"], found["CQL, paper"]) == ("50.0", "211.1")
    assert (found["QR-DQN*, paper"], found["REM*, paper"]) == ("17.1", "8.9")
    assert cells(artifact, "Pong")["BC"].startswith("0.0 [")
    assert artifact.headings[-1] == "REM*, paper"  # generated data: no verdict, so no column
    assert artifact.foot == 0  # no average: one game would decide it


def test_columns_that_are_only_quoted_are_no_runs_of_ours(played: Played) -> None:
    artifact = made("table1", played(SMALL))
    theirs = artifact.numbers[artifact.numbers["method"].str.endswith("*")]
    assert theirs["paper_mean"].tolist() == [17.1, 8.9, 18.0, 0.5]
    assert theirs["mean"].isna().all()
    assert (theirs["runs"] == 0).all()
    notes = " ".join(artifact.notes)
    assert "* Not run here: numbers that the paper quotes from the CQL and REM papers" in notes
    assert "negative normalised scores as 0.0" in notes
    assert "Paper's CQL: quoted by the paper from the CQL paper." in notes


def test_a_negative_score_of_ours_is_not_cut(played: Played) -> None:
    scores = played({(QBERT, "dt-atari"): [0.0, 0.0]})
    # -164 of 13,291
    assert cells(made("table1", scores), "Qbert")["DT"] == "-1.2"


def test_each_game_has_a_panel_of_its_own(played: Played, figures: list[Any]) -> None:
    artifact = made("table1", played(SMALL))
    assert artifact.draw is not None
    artifact.draw([])
    first, second = figures[0].axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["Breakout", "Pong"]
    heights = [
        [bar[0].get_height() for bar in axes.containers if isinstance(bar, BarContainer)]
        for axes in (first, second)
    ]
    assert heights[0] == pytest.approx([75, 50, 25])
    assert heights[1] == pytest.approx([100, 50, 0], abs=1e-9)
    assert first.get_ylim() != second.get_ylim()
