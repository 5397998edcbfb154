"""The artifact of Gamble, from sweeps whose returns are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.artifact import write_artifact
from bench.report.artifacts import luck
from bench.report.scores import collect
from bench.runs import record
from bench.runs.identity import SWEEP, Identity
from bench.runs.plan import Plan, make_plan
from tests.conftest import RECORD


@pytest.fixture(scope="module")
def plan() -> Plan:
    suite = {
        "tasks": ["gamble-random"],
        "methods": ["dt", "value"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
        "baselines": False,
        "sweep": True,
    }
    methods = {"dt": {"module": "dt", "label": "DT"}, "value": {"module": "bc", "label": "CQL"}}
    config: dict[str, Any] = {"name": "test", "suites": {"luck": suite}, "methods": methods}
    return make_plan(config | {"training": {"steps": 9}})


def swept(folder: Path, plan: Plan, earned: dict[str, dict[float, list[float]]]) -> pd.DataFrame:
    """Return scores of sweeps: method -> target -> the mean return of each seed."""
    paths = []
    for method, points in earned.items():
        for seed in (0, 1):
            identity = Identity("test", "gamble-random", "dense", 100.0, method, seed)
            evaluations = [
                {
                    "step": 9,
                    "target": target,
                    "final": False,
                    "returns": [means[seed]] * 3,
                    "lengths": [1] * 3,
                }
                for target, means in points.items()
            ]
            protocol = RECORD["protocol"] | {
                "environment": "bench/Gamble-v0",
                "data_returns": {"minimum": 0.0, "maximum": 9.0},
            }
            content = RECORD | {"evaluations": evaluations, "protocol": protocol}
            record.write(folder / identity.folder(), identity, name=SWEEP, **content)
            paths.append(folder / identity.folder() / SWEEP)
    return collect(paths, plan)


def test_returns_stand_beside_the_exact_imitator(tmp_path: Path, plan: Plan) -> None:
    earned = {
        "dt": {6.0: [5.5, 5.9], 9.0: [1.5, 2.1], 9.9: [1.0, 2.0]},
        "value": {6.0: [6.0, 6.0], 9.0: [6.0, 6.0]},
    }
    artifact = luck.make(swept(tmp_path, plan, earned), "test")
    assert artifact.headings == ["Target return", "Imitator", "DT", "CQL"]
    rows = {row[0]: row for row in artifact.body}
    assert list(rows) == ["6", "9", "9.9"]
    assert rows["6"][1] == "6.00"
    assert rows["6"][2].startswith("5.7 [")
    assert rows["9"][1] == "1.80"
    assert rows["9"][3] == "6.0"
    assert rows["9.9"][1] == rows["9.9"][3] == "—"
    at_prize = artifact.numbers[artifact.numbers["target"] == 9.0].set_index("method")
    assert at_prize["mean_return"].to_dict() == pytest.approx({"DT": 1.8, "CQL": 6.0})
    assert at_prize["low"].min() >= 0
    write_artifact(artifact, [tmp_path / "luck.svg"])
    drawn = (tmp_path / "luck.svg").read_text()
    for label in ("imitator, exact", "optimum", "beyond the data", "DT", "CQL"):
        assert label in drawn


def test_without_a_sweep_it_says_what_to_write(tmp_path: Path, plan: Plan) -> None:
    scores = swept(tmp_path, plan, {"dt": {6.0: [6.0, 6.0]}})
    with pytest.raises(ValueError, match="sweep: true"):
        luck.make(scores[scores["kind"] == "score"], "test")


def test_what_is_not_one_method_on_all_of_the_data_is_not_pooled(
    tmp_path: Path, plan: Plan
) -> None:
    """Means 6 and 3 on all of the data, and 3 less on a tenth of it; all methods have one label."""
    whole = swept(tmp_path, plan, {"dt": {6.0: [6.0, 6.0]}, "value": {6.0: [3.0, 3.0]}})
    tenth = whole.assign(data_percent=10.0, return_mean=whole["return_mean"] - 3)
    rows = pd.concat([whole, tenth], ignore_index=True).assign(label="DT")
    artifact = luck.make(rows, "test")
    assert dict(zip(artifact.headings[2:], artifact.body[0][2:], strict=True)) == {
        "DT (dt)": "6.0",
        "DT (dt), 10 % of the data": "3.0",
        "DT (value)": "3.0",
        "DT (value), 10 % of the data": "0.0",
    }
    assert set(artifact.numbers["runs"]) == {2}


def test_the_data_themselves_have_no_target(tmp_path: Path, plan: Plan) -> None:
    played = swept(tmp_path, plan, {"dt": {6.0: [6.0, 6.0]}})
    data = played.assign(method="behaviour", label="Behaviour", rolled_out=False, episodes=10_000)
    artifact = luck.make(pd.concat([played, data], ignore_index=True), "test")
    assert artifact.headings == ["Target return", "Imitator", "DT"]
    assert artifact.notes[0].startswith("Scale test: 2 seeds, 3 episodes for each target.")


def test_sweeps_of_other_tasks_are_left_out(tmp_path: Path, plan: Plan) -> None:
    game = swept(tmp_path, plan, {"dt": {6.0: [6.0, 6.0]}})
    other = game.assign(task="hopper-medium", return_mean=3600.0, target=3600.0)
    artifact = luck.make(pd.concat([game, other], ignore_index=True), "test")
    assert [row[0] for row in artifact.body] == ["6"]
