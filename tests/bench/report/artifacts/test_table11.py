"""Table 11, the scores that Atari games are normalised with."""

from __future__ import annotations

from tests.helpers.evidence import made
from tests.helpers.games import BREAKOUT, PONG, QBERT, Played, arcade, played

__all__ = ["arcade", "played"]  # fixtures


def test_table_11_has_the_constants_beside_random_play(played: Played) -> None:
    artifact = made(
        "table11", played({(BREAKOUT, "uniform"): [1.0, 1.28], (PONG, "dt-atari"): [3.0]})
    )
    assert artifact.body[0][:4] == ["Replay", "Breakout", "2", "30"]
    assert artifact.body[0][4].startswith("1.1 [")
    assert artifact.body[0][5] == "-3.1"  # -0.86 / 28
    assert artifact.body[1] == ["Replay", "Pong", "-21", "15", "—", "—"]
    qbert = made("table11", played({(QBERT, "dt-atari"): [9.0]})).body[0]
    assert qbert[2:] == ["164", "13,455", "—", "—"]
