"""Table 12, raw scores of Atari games."""

from __future__ import annotations

from tests.helpers.evidence import made
from tests.helpers.games import SMALL, Played, arcade, cells, played

__all__ = ["arcade", "played"]  # fixtures


def test_table_12_is_the_same_before_it_is_normalised(played: Played) -> None:
    found = cells(made("table12", played(SMALL)), "Breakout")
    # 23 ± 4.303 / sqrt(3)
    assert (found["DT"], found["DT, paper"]) == ("23.0 [20.5, 25.5]", "76.9 ± 27.3")
    assert (found["QR-DQN*, paper"], found["REM*, paper"]) == ("6.8", "4.5")


def test_it_has_no_figure_and_does_not_speak_of_normalised_scores(played: Played) -> None:
    artifact = made("table12", played(SMALL))
    assert artifact.draw is None
    assert not any("negative normalised scores" in note for note in artifact.notes)
