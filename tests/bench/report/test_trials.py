"""The table of trials, by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from bench.report.trials import make
from bench.runs.identity import RESULT, Identity
from bench.runs.plan import Plan, make_plan
from bench.runs.record import write as write_record
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD

TASKS = ["hopper-medium", "walker2d-medium"]
METHODS: dict[str, dict[str, Any]] = {
    "bc-t01": {"module": "bc", "label": "BC, trial 1", "steps": 20},
    "bc-t02": {"module": "bc", "label": "BC, trial 2", "steps": 10, "options": {"width": 64}},
    "dt-t01": {"module": "dt", "label": "DT, trial 1", "steps": 5},
}
# method -> the scores of two seeds on each data set
SCORES = {
    "bc-t01": ([10.0, 14.0], [30.0, 30.0]),
    "bc-t02": ([50.0, 50.0], [40.0, 48.0]),
    "dt-t01": ([1.0, 3.0], [5.0, 7.0]),
}


@pytest.fixture
def plan() -> Plan:
    suite = {
        "tasks": TASKS,
        "methods": ["dt-t01", "bc-t01", "bc-t02"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [1000, 1001],
        "artifacts": [],
        "baselines": False,
    }
    return make_plan(
        {
            "name": "test",
            "suites": {"trials": suite},
            "training": {"steps": 9},
            "methods": METHODS,
        }
    )


def write_runs(root: Path, plan: Plan, episode_list: str = "trials", **fields: Any) -> list[Path]:
    """Write a record and a clock for each run of the plan."""
    paths = []
    for run in plan.runs["trials"]:
        domain = task_by_name(run.task).domain
        score = SCORES[run.method][TASKS.index(run.task)][run.seed - 1000]
        raw = domain.reference_min + score / 100 * (domain.reference_max - domain.reference_min)
        evaluation = RECORD["evaluations"][0] | {"returns": [raw], "lengths": [9]}
        protocol = RECORD["protocol"] | {"environment": domain.environment, "episodes": 1}
        protocol |= {"episode_list": episode_list} if episode_list else {}
        own = {"evaluations": [evaluation], "protocol": protocol}
        folder = root / run.folder()
        write_record(folder, run, RESULT, **(RECORD | own | fields))
        seconds = 30.0 + run.seed % 1000 * 2  # 30 and 32
        (folder / "run.json").write_text(json.dumps({"training": {"cpu_seconds": seconds}}))
        paths.append(folder / RESULT)
    return paths


def test_trials_by_hand(tmp_path: Path, plan: Plan) -> None:
    """Methods in the order of the suite, the best trial of each first."""
    artifact = make(write_runs(tmp_path, plan), plan, "trials")
    assert artifact.headings[2:6] == ["Score", "SD", "Hopper Medium", "Walker Medium"]
    assert [row[:2] for row in artifact.body] == [
        ["DT", "dt-t01"],
        ["BC", "bc-t02"],
        ["BC", "bc-t01"],
    ]
    second = artifact.body[1]
    # (50 + 44) / 2; the variances over seeds are 0 and 32
    assert second[2:6] == ["47.0", "4.0", "50.0", "44.0"]
    assert second[6:] == ["31", "10", "width 64"]
    assert artifact.body[2][2:4] == ["21.0", "2.0"]
    assert artifact.body[2][-1] == "defaults"
    assert artifact.title == (
        "Trials of suite trials at scale test: 0.1 core-hours of training."  # 12 x 31 s
    )
    note = (
        "Trials: DT 1, BC 2. Training seeds 1000, 1001; 1 episodes in 2 environments, list trials."
    )
    assert note in artifact.notes
    assert artifact.numbers["std"].tolist() == pytest.approx([math.sqrt(2), 4.0, 2.0])


def test_a_diverged_trial_is_marked(tmp_path: Path, plan: Plan) -> None:
    records = write_runs(tmp_path, plan, status="diverged", diverged_at=3)
    artifact = make(records, plan, "trials")
    assert artifact.body[1][2] == "47.0†"
    assert artifact.notes[-1].startswith("†: a run diverged")


def test_one_seed_has_no_spread(tmp_path: Path, plan: Plan) -> None:
    records = [path for path in write_runs(tmp_path, plan) if path.parent.name == "1000"]
    assert [row[3] for row in make(records, plan, "trials").body] == ["—"] * 3


def test_a_trial_without_a_data_set_of_the_others_is_refused(tmp_path: Path, plan: Plan) -> None:
    missing = Identity("test", TASKS[1], "dense", 100.0, "bc-t02", 1000).folder().parent
    records = [path for path in write_runs(tmp_path, plan) if str(missing) not in str(path)]
    message = "trial bc-t02 has no run on walker2d-medium, unlike other trials: run the suite"
    with pytest.raises(ValueError, match=message):
        make(records, plan, "trials")
