"""The verdicts at two scales: which checks are shown, and which verdicts differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bench.report.claims import two_ledgers
from bench.report.finished import Finished
from bench.report.scores import collect
from bench.runs.plan import make_plan
from tests.conftest import CONFIG, write_scores
from tests.helpers.evidence import METHODS

Scale = Callable[..., Finished]

SETS = ("halfcheetah", "hopper", "walker2d")
KINDS = ("medium-expert", "medium", "medium-replay")


@pytest.fixture
def scale(tmp_path: Path) -> Scale:
    """Return a scale in which every data set has the same scores, and the behaviour 40."""
    methods = METHODS | {"behaviour": CONFIG["methods"]["behaviour"]}
    tasks = [f"{domain}-{kind}" for domain in SETS for kind in KINDS]
    suite = CONFIG["suites"]["mujoco"] | {"tasks": tasks, "methods": list(methods)}
    plan = make_plan(CONFIG | {"methods": methods, "suites": {"mujoco": suite}})

    def make(name: str, dt: list[float], cql: list[float], complete: bool = True) -> Finished:
        every = {"dt": dt, "cql": cql, "behaviour": [40.0]}
        cells = {(task, method): scores for task in tasks for method, scores in every.items()}
        frames = {"mujoco": collect(write_scores(tmp_path / name, cells), plan)}
        return Finished(name, frames, frozenset(frames if complete else ()))

    return make


def test_a_verdict_that_changes_is_named(scale: Scale) -> None:
    """C15 compares the spreads over seeds, and its gate asks that CQL has learned."""
    quick = scale("quick", [50.0, 51.0, 52.0], [1.0, 2.0, 3.0])
    desk = scale("desk", [50.0, 51.0, 52.0], [40.0, 60.0, 80.0])
    table = two_ledgers.make(quick, desk)
    rows = {row[0]: row for row in table.body if row[0]}
    assert rows["C15"][2] == "undecided"
    assert "CQL is below the level of its data" in rows["C15"][6]
    assert rows["C15"][7].startswith("0.05")
    assert table.headings[2:4] == ["Verdict, quick", "Verdict, desk"]
    assert all(row[5] != "—" for row in table.body)
    same = two_ledgers.make(quick, quick)
    assert "Verdicts that differ: none." in same.notes


def test_a_suite_that_is_not_complete_decides_nothing(scale: Scale) -> None:
    whole = scale("quick", [50.0, 51.0, 52.0], [45.0, 46.0, 47.0])
    part = scale("desk", [50.0, 51.0, 52.0], [45.0, 46.0, 47.0], complete=False)
    table = two_ledgers.make(whole, part)
    assert {row[7] for row in table.body} == {"—"}
    assert table.notes[0].startswith("Decided: 2 claims at quick, 0 at desk")
    assert "Verdicts that differ: none." in table.notes
