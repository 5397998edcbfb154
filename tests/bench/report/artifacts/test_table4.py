"""Table 4, percent BC on Atari games."""

from __future__ import annotations

from tests.helpers.evidence import made
from tests.helpers.games import FULL, Played, arcade, cells, played

__all__ = ["arcade", "played"]  # fixtures


def test_table_4_takes_bc_for_all_of_the_data_and_names_hindsight(played: Played) -> None:
    artifact = made("table4", played(FULL))
    found = cells(artifact, "Pong")
    assert (found["100%BC, paper"], found["25%BC, paper"]) == ("85.2 ± 20.0", "13.3 ± 2.7")
    assert found["DT, paper"] == "106.1 ± 8.1"
    assert "BC" not in found
    notes = " ".join(artifact.notes)
    assert "hindsight" in notes
    assert "25%BC on 4 of 4 data sets" in notes
    assert "Table 13's raw score of -20.3 gives 1.9" in notes
