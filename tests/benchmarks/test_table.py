"""benchmarks/table.py: from pytest-benchmark's results to ratios and goals."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TABLE = Path(__file__).parents[2] / "benchmarks/table.py"


@pytest.fixture(scope="module")
def table() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_table", TABLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(group: str, subject: str, median: float) -> dict[str, Any]:
    stats = {"median": median, "min": median / 2, "max": 2 * median}
    return {"group": group, "param": subject, "name": f"test[{subject}]", "stats": stats}


STEP = "DT training step, paper's size"


def test_a_ratio_is_that_of_medians_and_meets_its_goal_or_not(table: ModuleType) -> None:
    rows = table.ratios(
        [
            timed(STEP, "ours bfloat16", 0.030),
            timed(STEP, "ours float32", 0.070),
            timed(STEP, "Hugging Face float32", 0.100),
        ]
    )
    assert rows["ratio"].tolist() == ["0.300", "0.700"]  # d3rlpy's and sampling were not timed
    assert rows["met"].tolist() == ["yes", "no"]
    assert rows["goal"].tolist() == ["≤ 0.32", "≤ 0.65"]
    assert rows.iloc[0]["ms, median [min, max]"] == "30.0 [15.0, 60.0]"


def test_without_a_peer_seconds_are_compared(table: ModuleType) -> None:
    rows = table.ratios([timed("start-up", "dt", 3.5), timed("start-up", "bc", 0.5)])
    assert rows["met"].tolist() == ["no", "yes"]
    assert rows["goal"].tolist() == ["≤ 3.00 s", "≤ 3.00 s"]


def test_every_goal_is_about_a_benchmark_that_exists(table: ModuleType) -> None:
    code = "".join(path.read_text() for path in TABLE.parent.glob("test_*.py"))
    for goals in table.GOALS.values():
        for subject, peer, _ in goals:
            for name in filter(None, (subject, peer)):
                assert f'"{name}"' in code or f"def {name}(" in code or name.isdigit(), name


def test_the_table_is_printed_and_written(
    table: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = {"cpu": {"brand_raw": "A Processor", "count": 2}, "python_version": "3.11.7"}
    parts = [timed(STEP, "ours float32", 0.05), timed(STEP, "Hugging Face float32", 0.1)]
    for day, part in enumerate(parts, 24):  # each file of benchmarks has its own results
        about = {"machine_info": machine, "datetime": f"2026-11-{day}T09", "benchmarks": [part]}
        (tmp_path / f"{day}.json").write_text(json.dumps(about))
    table.main(tmp_path, tmp_path / "out")
    text = (tmp_path / "out/ratios.md").read_text()
    first = "One thread of A Processor, 2 cores, Python 3.11.7, 2026-11-24 and 2026-11-25."
    assert text.startswith(first)
    assert text in capsys.readouterr().out
    assert "0.500" in (tmp_path / "out/ratios.csv").read_text()
