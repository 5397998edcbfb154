"""The cost of runs, by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.report.cost import write_cost
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
