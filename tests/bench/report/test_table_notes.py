"""The notes below a table."""

from __future__ import annotations

from bench.report.tables import table2
from tests.helpers.evidence import made
from tests.helpers.games import (
    SMALL,
    Played,
    arcade,
    played,
)
from tests.helpers.tables import Scored, three_seeds

__all__ = ["arcade", "played"]  # fixtures


def test_notes_say_what_was_run(scored: Scored) -> None:
    runs = three_seeds() | {("hopper-medium", "bc10"): [1.0, 2.0, 3.0]}
    notes = table2(scored(runs), "test").notes
    assert any("Scale test: 3 seeds, 1 evaluation episodes each" in note for note in notes)
    assert not any("not rolled out" in note for note in notes)


def test_recorded_episodes_have_a_note(scored: Scored) -> None:
    frame = scored({("hopper-medium", "behaviour"): [34.0, 34.0]}, rolled_out=False)
    notes = table2(frame, "test").notes
    assert any(note.startswith("Behaviour: scores of the recorded episodes") for note in notes)


def test_episodes_that_were_cut_have_a_note(played: Played) -> None:
    for steps, cut in ((3000, 0), (9, 18)):  # each of 18 games has 9 steps
        notes = made("table1", played(SMALL, max_steps=steps)).notes
        [note] = [note for note in notes if "at the latest" in note]
        assert f"episodes end after {steps:,} steps at the latest" in note
        assert note.endswith(f"It ended {cut} of these 18 episodes.")
    assert not any("at the latest" in note for note in made("table1", played(SMALL)).notes)
