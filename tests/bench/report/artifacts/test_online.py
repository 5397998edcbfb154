"""The artifact of learning in an environment, from records whose scores are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.artifacts import online
from bench.report.scores import collect
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD, write_below

TASK = "hopper-medium-replay"
# environment steps at updates 10, 15 and 20, for each seed; nothing is played until update 10
PLAYED = {0: {15: 900.0, 20: 2000.0}, 1: {15: 1100.0, 20: 1900.0}}


@pytest.fixture(scope="module")
def plan() -> Plan:
    suite = {
        "tasks": [TASK],
        "methods": ["rising", "fixed"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
        "baselines": False,
    }
    methods = {
        name: {"module": "dt_online", "label": name.capitalize()} for name in ("rising", "fixed")
    }
    config: dict[str, Any] = {"name": "test", "suites": {"online": suite}, "methods": methods}
    return make_plan(config | {"training": {"steps": 20}})


def recorded(
    folder: Path, plan: Plan, scores: dict[str, dict[int, list[float]]], played: bool = True
) -> pd.DataFrame:
    """Return scores of runs: method -> update -> the score of each seed."""
    domain, paths = task_by_name(TASK).domain, []
    for method, points in scores.items():
        for seed in (0, 1):
            evaluations = []
            for step, values in points.items():
                share = values[seed] / 100
                earned = (1 - share) * domain.reference_min + share * domain.reference_max
                evaluations.append(
                    RECORD["evaluations"][0]
                    | {"step": step, "final": step == 20, "returns": [earned], "lengths": [9]}
                )
            losses = [
                {"step": step, "environment_steps": steps} for step, steps in PLAYED[seed].items()
            ]
            training = {"steps": 20, "losses": losses if played else []}
            identity = Identity("test", TASK, "dense", 100.0, method, seed)
            changes = {"evaluations": evaluations, "training": training}
            paths.append(write_below(folder, identity, changes))
    return collect(paths, plan)


SCORES = {
    "rising": {5: [1.0, 1.0], 10: [20.0, 24.0], 15: [30.0, 34.0], 20: [50.0, 54.0]},
    "fixed": {10: [20.0, 24.0], 20: [10.0, 14.0]},
}


def test_scores_stand_over_environment_steps(tmp_path: Path, plan: Plan) -> None:
    artifact = online.make(recorded(tmp_path, plan, SCORES), "test")
    assert artifact.headings == ["Data", "Environment", "Environment steps", "Rising", "Fixed"]
    # update 5 is before the last moment of the offline training
    assert [row[2] for row in artifact.body] == ["0", "1,000", "1,950"]
    means = [[cell.split(" ")[0] for cell in row[3:]] for row in artifact.body]
    assert means == [["22.0", "22.0"], ["32.0", "—"], ["52.0", "12.0"]]
    numbers = artifact.numbers.set_index(["method", "step"])
    assert numbers.loc[("Rising", 15), "environment_steps"] == 1000
    assert numbers.loc[("Rising", 20), "runs"] == 2
    assert numbers.loc[("Fixed", 20), "score"] == pytest.approx(12)
    write_artifact(artifact, [tmp_path / "online.svg"])
    drawn = (tmp_path / "online.svg").read_text()
    for label in ("environment steps", "normalised score", "Rising", "Fixed"):
        assert label in drawn


def test_without_environment_steps_it_says_what_to_write(tmp_path: Path, plan: Plan) -> None:
    with pytest.raises(ValueError, match="give a method of the suite `environment_steps`"):
        online.make(recorded(tmp_path, plan, SCORES, played=False), "test")


def test_a_fraction_of_the_data_and_sparse_rewards_have_columns_of_their_own(
    tmp_path: Path, plan: Plan
) -> None:
    whole = recorded(tmp_path, plan, {"rising": SCORES["rising"]})
    parts = [
        whole.assign(score=whole["score"] + more, **changes)
        for more, changes in ((10.0, {"data_percent": 10.0}), (20.0, {"reward": "sparse"}))
    ]
    artifact = online.make(pd.concat([whole, *parts], ignore_index=True), "test")
    assert artifact.headings[3:] == ["Rising", "Rising, 10 % of the data", "Rising, sparse"]
    assert [cell.split(" ")[0] for cell in artifact.body[-1][3:]] == ["52.0", "62.0", "72.0"]
    assert set(artifact.numbers["runs"]) == {2}


def test_two_methods_with_one_label_are_not_one(tmp_path: Path, plan: Plan) -> None:
    rows = recorded(tmp_path, plan, SCORES).assign(label="DT")
    artifact = online.make(rows, "test")
    assert artifact.headings[3:] == ["DT (rising)", "DT (fixed)"]
    assert set(artifact.numbers["runs"]) == {2}


def test_methods_with_other_environment_steps_have_rows_of_their_own(
    tmp_path: Path, plan: Plan
) -> None:
    """One method takes no step, and ends at the same update as the others; one takes ten times as many."""
    both = recorded(tmp_path, plan, SCORES)
    rising = both[both["method"] == "rising"]
    offline = rising.assign(method="off", label="Offline", position=2, environment_steps=0.0)
    more = rising["environment_steps"] * 10
    longer = rising.assign(method="long", label="Longer", position=3, environment_steps=more)
    artifact = online.make(pd.concat([both, offline, longer], ignore_index=True), "test")
    assert artifact.headings[3:] == ["Rising", "Fixed", "Offline", "Longer"]
    found = [(row[2], [cell.split(" ")[0] for cell in row[3:]]) for row in artifact.body]
    assert found == [
        ("0", ["22.0", "22.0", "52.0", "22.0"]),
        ("1,000", ["32.0", "—", "—", "—"]),
        ("1,950", ["52.0", "12.0", "—", "—"]),
        ("10,000", ["—", "—", "—", "32.0"]),
        ("19,500", ["—", "—", "—", "52.0"]),
    ]
    steps = artifact.numbers.set_index(["method", "environment_steps"])["step"]
    assert steps[("Offline", 0.0)] == 20
