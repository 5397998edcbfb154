"""Short runs that measure what an update costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.report import cost_measure
from bench.report.cost_measure import NotMeasured, measure, unmeasured
from bench.report.step_costs import read_records, settings_of
from bench.runs.plan import Plan, make_plan
from tests.helpers.costs import record

CONFIG: dict[str, Any] = {
    "name": "test",
    "device": "cpu",
    "suites": {
        "main": {
            "tasks": ["reacher2d-medium", "reacher2d-medium-replay", "hopper-medium"],
            "methods": ["bc", "slow", "uniform"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": [0, 1],
            "baselines": False,
        }
    },
    "training": {"steps": 400, "curve": []},
    "evaluation": {"episodes": 3, "num_envs": 2, "curve_episodes": 0},
    "methods": {
        "bc": {"module": "bc", "options": {"width": 8}},
        "slow": {"base": "bc", "options": {"learning_rate": 1e-5}},
        "uniform": {"module": "uniform", "steps": 0},
    },
}


@pytest.fixture
def plan() -> Plan:
    return make_plan(CONFIG)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collect the commands instead of running them; a training of 20 updates takes 2 s."""
    found: list[list[str]] = []

    def bench(*words: object) -> None:
        found.append([str(word) for word in words])
        if words[0] == "evaluate":
            folder = Path(str(words[2]))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "run.json").write_text(json.dumps({"training": {"cpu_seconds": 2.0}}))

    monkeypatch.setattr(cost_measure, "_bench", bench)
    return found


def test_one_run_of_each_setting_and_domain_is_missing(plan: Plan) -> None:
    """A learning rate changes no cost, so one of the two methods is enough after it was measured."""
    found = unmeasured(plan, CONFIG, [], ["main"])
    assert [(run.method, run.task) for run in found] == [
        ("bc", "reacher2d-medium"),
        ("uniform", "reacher2d-medium"),
        ("bc", "hopper-medium"),
        ("uniform", "hopper-medium"),
    ]
    known = [record(settings=settings_of("bc", {"width": 8}, "cpu"))]
    assert {run.method for run in unmeasured(plan, CONFIG, known, ["main"])} == {"uniform"}


def test_the_length_of_a_run_follows_from_a_first_try(
    plan: Plan, calls: list[list[str]], tmp_path: Path
) -> None:
    """20 updates in 2 s, so 80 updates in 8 s; no method trains longer than planned."""
    known = [record(module="uniform", settings={})]
    measure(plan, CONFIG, known, ["main"], tmp_path / "results")
    steps = [int(call[call.index("--steps") + 1]) for call in calls if call[0] == "train"]
    assert steps == [20, 80, 20, 80]
    assert [call[0] for call in calls[:5]] == ["data", "train", "evaluate", "train", "evaluate"]
    assert "results/costs/runs/reacher2d-medium/dense/100/bc/0" in calls[1][2]
    assert calls[2][3:7] == ["--episodes", "2", "--num-envs", "2"]


def test_a_method_that_trains_nothing_is_evaluated_once(
    plan: Plan, calls: list[list[str]], tmp_path: Path
) -> None:
    known = [record(settings=settings_of("bc", {"width": 8}, "cpu"))]
    measure(plan, CONFIG, known, ["main"], tmp_path / "results")
    assert [call[0] for call in calls] == ["data", "train", "evaluate"] * 2


def test_records_need_a_folder_called_results(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="named `results`"):
        measure(plan, CONFIG, [], ["main"], tmp_path / "elsewhere")


def test_a_failed_command_is_named() -> None:
    with pytest.raises(
        NotMeasured, match=r"`bench data generate --task nothing` failed: .*required"
    ):
        cost_measure._bench("data", "generate", "--task", "nothing")


@pytest.mark.slow
def test_a_measurement_leaves_a_record_that_the_plan_uses(plan: Plan, tmp_path: Path) -> None:
    suite = CONFIG["suites"]["main"] | {"tasks": ["reacher2d-medium"], "methods": ["bc"]}
    given = CONFIG | {"suites": {"main": suite}}
    results = tmp_path / "results"
    measure(make_plan(given), given, [], ["main"], results)
    [found] = [one for one in read_records(results) if one.scale == "costs"]
    assert found.result["training"]["steps"] <= 400
    assert found.clock["training"]["start_seconds"] > 0
    assert found.clock["evaluation"]["start_seconds"] > 0
    assert unmeasured(make_plan(given), given, [found], ["main"]) == []


def test_a_method_that_learns_online_is_not_measured_by_a_short_run() -> None:
    """A run of 20 updates takes all environment steps, so its update would seem to cost as much as all of them."""
    methods = {
        "online": {"module": "dt_online", "options": {"environment_steps": 20000}},
        "offline": {"module": "dt_online", "options": {"environment_steps": 0}},
    }
    given = CONFIG | {"methods": methods}
    given["suites"] = {"main": CONFIG["suites"]["main"] | {"methods": list(methods)}}
    found = unmeasured(make_plan(given), given, [], ["main"])
    assert {run.method for run in found} == {"offline"}
