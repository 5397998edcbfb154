"""The cost of runs, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report.cost import make, write_cost
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from tests.helpers.tables import rows_of


def test_cost_by_hand(
    write_record: Callable[..., Path], plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = []
    for seed, seconds in enumerate([10.0, 20.0, 60.0]):
        path = write_record(Identity("test", "hopper-medium", "dense", 100.0, "bc", seed))
        clock = {
            "training": {
                "cpu_seconds": seconds,
                "steps_per_second": 100 * seconds,
                "peak_memory_mb": 300.0 + seed,
            },
            "evaluation": {"seconds": 9.0, "cpu_seconds": 5.0},
        }
        (path.parent / "run.json").write_text(json.dumps(clock))
        records.append(path)
    write_cost(records, plan, "mujoco", tmp_path / "cost.md")
    text = (tmp_path / "cost.md").read_text()
    assert text.startswith(
        "Cost of the runs of suite mujoco at scale test: 1.8 core-minutes."
    )  # 105 s
    row = rows_of(text)[2]
    assert row[:7] == ["BC", "3", "50", "20.0 (60.0)", "2,000", "5.0 (5.0)", "302"]


def clocked(write_record: Callable[..., Path], method: str, seconds: float) -> Path:
    """Write a record of a run that trained for so long."""
    path = write_record(Identity("test", "hopper-medium", "dense", 100.0, method, 0))
    training = {"cpu_seconds": seconds, "steps_per_second": 5.0, "peak_memory_mb": 1.0}
    clock = {"training": training, "evaluation": {"cpu_seconds": 0.0}}
    (path.parent / "run.json").write_text(json.dumps(clock))
    return path


def test_settings_and_steps_of_a_domain_are_named(
    write_record: Callable[..., Path], plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    own = replace(
        plan.variants["bc"],
        options={"width": 8, "dropout": 0.1},
        domains={"walker2d": {"width": 16}},
        domain_steps={"walker2d": 2000},
        reason="a smaller network",
    )
    changed = replace(plan, variants=plan.variants | {"bc": own})
    [line] = make([clocked(write_record, "bc", 6.0)], changed, "mujoco").body
    assert line[2] == "50; walker2d: 2,000"
    assert line[7:] == ["width 8, dropout 0.1; walker2d: width 16", "a smaller network"]


def test_methods_without_a_run_are_left_out_and_others_stand_in_the_order_of_the_plan(
    write_record: Callable[..., Path], plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = [clocked(write_record, method, 60.0) for method in ("behaviour", "dt")]
    artifact = make(records, plan, "mujoco")
    assert [line[0] for line in artifact.body] == ["DT", "Behaviour"]
    assert artifact.body[0][7] == "defaults"
    assert artifact.title.endswith("2.0 core-minutes.")
    assert artifact.notes == []
    swept = replace(plan, swept=frozenset({"mujoco"}))
    assert make(records, swept, "mujoco").notes == [
        "The sweeps over target returns are not included."
    ]
