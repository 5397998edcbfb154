"""The overview of an unfinished suite."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report.artifacts.partial import write_partial
from bench.runs.identity import Identity
from bench.runs.plan import Plan
from tests.helpers.games import PONG, Played, arcade, played
from tests.helpers.tables import rows_of

__all__ = ["arcade", "played"]  # fixtures


WriteRuns = Callable[..., list[Path]]


@pytest.fixture
def partial(tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    monkeypatch.chdir(tmp_path)

    def write() -> str:
        write_partial(plan, "mujoco", tmp_path / "partial.md")
        return (tmp_path / "partial.md").read_text()

    return write


def test_partial_shows_what_is_there_and_names_what_is_not(
    write_runs: WriteRuns, partial: Callable[[], str]
) -> None:
    write_runs({("hopper-medium", "dt"): [29.0, 31.0], ("hopper-medium", "bc"): [40.0]})
    text = partial()
    assert text.startswith("3 of the 16 runs of mujoco at scale test are finished.")
    medium = next(row for row in rows_of(text) if row[0] == "Medium")
    assert medium[2].startswith("30.0 [")
    assert medium[4] == "40.0 (1 seed)"
    missing = [line[2:] for line in text.splitlines() if line.startswith("- results/")]
    assert len(missing) == 13
    assert "results/test/runs/hopper-medium/dense/100/bc/1" in missing
    assert "results/test/runs/hopper-medium/dense/100/bc/0" not in missing


def test_partial_of_nothing(partial: Callable[[], str]) -> None:
    text = partial()
    assert text.startswith("0 of the 16 runs")
    assert rows_of(text) == []
    assert text.count("- results/") == 16


def test_partial_of_everything(
    write_runs: WriteRuns, plan: Plan, partial: Callable[[], str]
) -> None:
    runs: dict[tuple[str, str], list[float]] = {}
    for run in plan.runs["mujoco"]:
        runs.setdefault((run.task, run.method), []).append(float(run.seed))
    write_runs(runs)
    text = partial()
    assert text.startswith("16 of the 16 runs")
    assert "Missing" not in text


def test_partial_before_any_run_of_the_dense_reward(
    write_runs: WriteRuns, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_runs({("hopper-medium", "bc"): [40.0]}, reward="sparse")
    sparse = Identity("test", "hopper-medium", "sparse", 100.0, "bc", 0)
    both = replace(plan, runs={"mujoco": (sparse, *plan.runs["mujoco"])})
    monkeypatch.chdir(tmp_path)
    write_partial(both, "mujoco", tmp_path / "partial.md")
    text = (tmp_path / "partial.md").read_text()
    assert text.startswith("1 of the 17 runs")
    assert text.count("- results/") == 16


def test_partial_of_an_unknown_suite(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown suite 'atari'; known: mujoco"):
        write_partial(plan, "atari", tmp_path / "partial.md")


def test_an_unfinished_suite_of_games_shows_table_1(
    played: Played, arcade: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played({(PONG, "dt-atari"): [15.0]})
    monkeypatch.chdir(tmp_path)
    write_partial(arcade, "atari", tmp_path / "partial.md")
    text = (tmp_path / "partial.md").read_text()
    assert "Table 1 (layout of" in text
    assert "100.0 (1 seed)" in text
