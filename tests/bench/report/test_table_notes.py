"""The notes below a table."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.paper import Quoted
from bench.report.cells import Cell
from bench.report.table_notes import notes_of, remarks, shared_starts
from bench.report.tables import table2
from bench.stats.intervals import Estimate
from bench.stats.verdicts import NO_VERDICT, OTHER_DATA, UNDECIDED
from bench.tasks.families import Domain
from bench.tasks.registry import Task, write_task
from bench.tasks.units import unit_of
from tests.helpers.evidence import made
from tests.helpers.games import SMALL, Played, arcade, played
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


def runs(**columns: Any) -> pd.DataFrame:
    """Two runs of one method."""
    about = {"seed": [0, 1], "source": "d4rl", "rolled_out": True, "episodes": 10, "label": "DT"}
    about |= {
        "task": "hopper-medium",
        "method": "dt",
        "environment": "Hopper-v4",
        "shared_error": math.nan,
    }
    return pd.DataFrame(about | {"max_steps": math.nan, "cut": 0.0, "status": "done"} | columns)


def cells_with(verdict: str, note: str = "") -> dict[tuple[str, str], dict[str, Cell]]:
    ours = Estimate(1.0, 1.0, 0.0, 2.0, 2)
    return {("Medium", "Hopper"): {"dt": Cell(ours, Quoted(2.0, 1.0, note), 0, verdict)}}


def noted(chosen: pd.DataFrame, verdict: str = "") -> str:
    unit = unit_of(["hopper-medium"])
    return " ".join(notes_of(chosen, cells_with(verdict), {"dt": "DT"}, "desk", unit))


def test_seeds_episodes_and_sources_are_counted() -> None:
    text = noted(runs(source=["generated", "d4rl"], episodes=[10, 10]))
    assert "Scale desk: 2 seeds, 10 evaluation episodes each; data: d4rl, generated." in text
    three = pd.concat([runs(), runs(), runs(environment="bench/Reacher2d-v0", episodes=1300)])
    assert "Scale desk: 2 seeds, 10 (Reacher: 1,300) evaluation episodes each" in noted(three)
    assert "Scale desk: 1 seed, 10 evaluation" in noted(runs(seed=[0, 0]))
    recorded = noted(runs(rolled_out=False))
    assert "Scale desk: 2 seeds, 0 evaluation episodes each" in recorded


@pytest.mark.parametrize(
    ("verdict", "other", "tests"),
    [
        ("", False, False),
        (OTHER_DATA, True, False),
        (UNDECIDED, False, True),
        (NO_VERDICT, False, False),
    ],
)
def test_verdicts_are_explained_where_they_stand(verdict: str, other: bool, tests: bool) -> None:
    text = noted(runs(), verdict)
    assert ("were not trained on" in text) == other
    assert ("Holm-corrected" in text) == tests
    assert ("with 10 seeds even a perfect replication" in text) == (verdict == NO_VERDICT)
    assert "None" not in text


def test_rows_with_other_data_are_named_if_others_have_verdicts() -> None:
    rows = cells_with(UNDECIDED) | {
        ("Medium", "Reacher"): cells_with(OTHER_DATA)["Medium", "Hopper"]
    }
    notes = notes_of(runs(), rows, {"dt": "DT"}, "desk", unit_of(["hopper-medium"]))
    [note] = [note for note in notes if "other data" in note]
    assert "the runs on Medium Reacher were not trained on D4RL's files" in note
    alone = noted(runs(), OTHER_DATA)
    assert "the runs were not trained on D4RL's files" in alone


def test_an_error_that_all_seeds_share_is_named() -> None:
    far = runs(environment=["bench/Reacher2d-v0", "Hopper-v4"], shared_error=[2.34, 0.9])
    [note] = shared_starts(far)
    assert note.endswith("is at most 2.3 points on Reacher.")
    assert note in noted(far)
    assert shared_starts(runs(shared_error=[0.9, math.nan])) == []


def test_notes_on_single_cells() -> None:
    rows, labels = cells_with("", "a typo") | cells_with("", "a typo"), {"dt": "DT"}
    assert remarks(runs(), rows, labels) == ["Paper's DT, Hopper Medium: a typo."]
    assert remarks(runs(), cells_with(""), labels) == []
    [note] = remarks(runs(status=["diverged", "done"]), cells_with(""), labels)
    assert note.startswith("† 1 run(s) diverged")
    [note] = remarks(runs(rolled_out=[True, False], label=["DT", "Data"]), cells_with(""), labels)
    assert note.startswith("Data: scores of the recorded episodes")


def test_whose_reference_scores_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("own-mine", "own-other"):
        domain = Domain("own", "Ours", "Pendulum-v1", 200, 0.0, 1.0, -1500.0, -100.0)
        write_task(Task(domain, name.partition("-")[2]), tmp_path / "data/imported" / name)
    own = {"task": "own-mine", "environment": "Pendulum-v1"}
    text = noted(runs(**own))
    assert text.startswith("Normalised score, last checkpoint")
    said = (
        "Reference scores of own-mine are those that were given when the data were imported, not "
    )
    assert f"{said}those of the suite (D4RL-normalised" in text
    assert "Ours: 0 is -1500, 100 is -100." in text
    mixed = noted(pd.concat([runs(), runs(**own), runs(**own | {"task": "own-other"})]))
    assert mixed.startswith(
        "D4RL-normalised score (0: random policy, 100: expert), last checkpoint"
    )
    assert "Reference scores of own-mine, own-other are" in mixed
    assert mixed.count("0 is -1500") == 1
    assert "Reference scores" not in noted(runs())
