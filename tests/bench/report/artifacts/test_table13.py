"""Table 13, percent BC on Atari games, raw scores."""

from __future__ import annotations

from tests.helpers.evidence import made
from tests.helpers.games import FULL, Played, arcade, cells, played

__all__ = ["arcade", "played"]  # fixtures


def test_it_is_table_4_before_it_is_normalised(played: Played) -> None:
    raw = cells(made("table13", played(FULL)), "Pong")
    assert (raw["10%BC"], raw["10%BC, paper"]) == ("-17.0 [-19.5, -14.5]", "-20.3 ± 0.1")
    assert raw["100%BC, paper"] == "9.7 ± 7.2"
    # -17 + 21 of 36 points
    assert cells(made("table4", played(FULL)), "Pong")["10%BC"].startswith("11.1 [")


def test_it_has_no_figure(played: Played) -> None:
    assert made("table13", played(FULL)).draw is None
