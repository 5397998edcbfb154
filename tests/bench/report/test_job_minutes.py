"""The minutes that a cluster is asked for, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.core.files import DamagedFile
from bench.report import job_minutes as module
from bench.report import step_costs
from bench.report.job_minutes import job_minutes
from bench.report.step_costs import Record, settings_of
from bench.runs.identity import Identity
from bench.runs.plan import make_plan
from tests.helpers.costs import record


def config(**methods: dict[str, Any]) -> dict[str, Any]:
    suite = {
        "tasks": ["hopper-medium"],
        "methods": list(methods),
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0],
        "baselines": False,
    }
    evaluation = {"episodes": 20, "num_envs": 20, "curve_episodes": 10, "sweep_episodes": 5}
    return {
        "name": "test",
        "device": "cpu",
        "suites": {"main": suite},
        "training": {"steps": 1000, "curve": [0.1, 0.5]},
        "evaluation": evaluation | {"sweep_points": 2, "domains": {}},
        "methods": methods,
    }


def minutes_of(
    monkeypatch: pytest.MonkeyPatch, records: list[Record], **methods: dict[str, Any]
) -> dict[str, dict[str, int]]:
    monkeypatch.setattr(module, "read_records", lambda results, damaged: records)
    given = config(**methods)
    minutes = job_minutes(make_plan(given), given, Path("results"))
    return {run.method: own for run, own in minutes.items()}


def test_three_times_the_computed_time_and_two_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """0.05 s an update, 0.005 s a step, 3 s of start, 200 steps an episode."""
    records = [record(settings=settings_of("bc", {}, "cpu"))]
    found = minutes_of(monkeypatch, records, bc={"module": "bc"})
    # 2 + 3 * (3 + 1000 * 0.05) / 60; 20 episodes and two points of ten, a second each; nine targets of five
    assert found == {"bc": {"train": 5, "evaluate": 5, "sweep": 5}}


def test_settings_without_a_measurement_take_the_slowest_record_of_the_module(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = [
        record(settings=settings_of("bc", {"width": width}, "cpu"), training=seconds)
        for width, seconds in ((64, 5.0), (128, 20.0))
    ]
    wide = {"module": "bc", "options": {"width": 512}}
    found = minutes_of(monkeypatch, records, bc=wide)
    assert found["bc"]["train"] == 13  # 2 + 3 * (3 + 1000 * 0.2) / 60, rounded up


def test_a_module_that_never_ran_gets_four_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    found = minutes_of(monkeypatch, [], bc={"module": "bc"})
    assert found == {"bc": {"train": 240, "evaluate": 240, "sweep": 240}}


def test_every_planned_run_has_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_records", lambda results, damaged: [])
    given = config(bc={"module": "bc"}, bc10={"module": "percent_bc"})
    plan = make_plan(given)
    runs = set(job_minutes(plan, given, Path("results")))
    assert runs == set(plan.all_runs())
    assert Identity("test", "hopper-medium", "dense", 100.0, "bc10", 0) in runs


@pytest.mark.parametrize("content", ['{"module": ', "[]", '{"module": "bc"}', '{"digest": "0"}'])
def test_a_damaged_record_stops_no_submission(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old/runs/hopper-medium/dense/100/bc/0"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(content)
    (folder / "run.json").write_text("{}")
    given = config(bc={"module": "bc"})
    assert job_minutes(make_plan(given), given, tmp_path)
    line = capsys.readouterr().err
    assert f"not used to compute the minutes of jobs: {folder / 'result.json'}" in line
    with pytest.raises((DamagedFile, KeyError, TypeError)):  # `bench cost` is strict
        step_costs.read_records(tmp_path)
