"""The times of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import DamagedFile
from bench.runs.clock import CLOCK, core_seconds, read_clock, updates_taken


def result(steps: int = 200, diverged_at: int | None = None) -> dict[str, Any]:
    return {"training": {"steps": steps}, "diverged_at": diverged_at}


def clock(**training: Any) -> dict[str, Any]:
    return {"training": {"cpu_seconds": 40.0} | training}


def test_a_measured_time_is_used() -> None:
    measured = clock(snapshots={"50": 13.5})
    assert core_seconds(result(), measured, 50) == (13.5, True)
    assert core_seconds(result(), measured, 200) == (40.0, True)


def test_without_one_it_is_the_share_of_the_whole_training() -> None:
    assert core_seconds(result(), clock(), 50) == (10.0, False)
    assert core_seconds(result(), clock(snapshots={"20": 1.0}), 50) == (10.0, False)


def test_a_run_that_diverged_stopped_there() -> None:
    """Its time is that of 80 updates, and its score stands at the planned 200."""
    diverged = result(diverged_at=80)
    assert updates_taken(diverged) == 80
    assert updates_taken(diverged, 200) == 80
    assert core_seconds(diverged, clock(), 200) == (40.0, True)
    assert core_seconds(diverged, clock(), 20) == (10.0, False)


def test_reading(tmp_path: Path) -> None:
    record = tmp_path / "result.json"
    assert read_clock(record) is None
    (tmp_path / CLOCK).write_text(json.dumps(clock()))
    assert read_clock(record) == clock()


@pytest.mark.parametrize("content", ["{}", '{"training": {}}', '{"training": 3}', "["])
def test_a_damaged_file_is_refused_by_name(content: str, tmp_path: Path) -> None:
    (tmp_path / CLOCK).write_text(content)
    with pytest.raises(DamagedFile, match=r"run\.json"):
        read_clock(tmp_path / "result.json")
