"""Curves as TensorBoard event files, which TensorBoard itself reads back, and at Weights & Biases."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from bench.report.sinks import EVENTS, WANDB, EventFile, Export, Kind, folders, kinds_of_user
from bench.report.training_log import LOSSES, Points, write

CURVE: Points = {10: {"loss": 0.5, "rate": 1e-3}, 20: {"loss": 0.25, "score": 12.5}}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(WANDB, raising=False)
    folder = Path("results/quick/runs/hopper-medium/dense/100/dt/0")
    folder.mkdir(parents=True)
    write(folder / LOSSES, CURVE)
    return folder


def scalars(run: Path) -> dict[str, list[tuple[int, float]]]:
    """Return what TensorBoard shows of a run."""
    found = EventAccumulator(str(run))
    found.Reload()
    return {
        name: [(each.step, each.value) for each in found.Scalars(name)]
        for name in found.Tags()["scalars"]
    }


def test_tensorboard_reads_the_curve(run: Path) -> None:
    assert Export(Path("results/quick")).update() == 1
    found = scalars(run)
    assert found["loss"] == [(10, 0.5), (20, 0.25)]
    assert found["score"] == [(20, 12.5)]
    assert found["rate"] == [(10, pytest.approx(1e-3))]


def test_only_what_changed_is_written_again(run: Path) -> None:
    export = Export(Path("results/quick"))
    assert export.update() == 1
    assert export.update() == 0
    assert Export(Path("results")).update() == 0  # another process sees that the file is new
    write(run / LOSSES, CURVE | {30: {"loss": 0.1}})
    os.utime(run / LOSSES, (2e9, 2e9))
    assert export.update() == 1
    os.utime(run / LOSSES, (3e9, 3e9))
    assert Export(Path("results")).update() == 1  # another process sees that the curve is newer
    assert scalars(run)["loss"][-1] == (30, pytest.approx(0.1))
    assert len(list(run.glob(f"{EVENTS}*"))) == 1


def test_a_run_without_a_curve_has_no_events(run: Path) -> None:
    (run / LOSSES).write_text("step,loss\n")
    assert Export(Path("results/quick")).update() == 0
    assert not list(run.glob(f"{EVENTS}*"))
    assert folders(Path("results")) == [run]
    assert folders(Path("nowhere")) == []


def test_a_sink_that_needs_a_file_waits_for_it(run: Path) -> None:
    written: list[Points] = []
    sink = SimpleNamespace(write=written.append, close=lambda: None)
    export = Export(Path("results"), [Kind(lambda path: sink, "result.json")])
    export.update()
    assert written == []
    (run / "result.json").write_text("{}")
    export.update()
    assert written == [CURVE]


def test_weights_and_biases_only_if_the_user_asks_for_it(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [kind.make for kind in kinds_of_user()] == [EventFile]
    sent: list[Any] = []

    def init(**settings: Any) -> Any:
        sent.append(settings)
        return SimpleNamespace(
            log=lambda numbers, step: sent.append((step, numbers)),
            finish=lambda: sent.append("end"),
        )

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=init))  # type: ignore[arg-type]
    monkeypatch.setenv(WANDB, "mine")
    assert Export(Path("results")).update() == 1
    assert sent == []  # the run has no scores yet
    (run / "result.json").write_text("{}")
    Export(Path("results")).update()
    [settings, *points] = sent
    assert settings["project"] == "mine"
    assert settings["name"] == "quick/runs/hopper-medium/dense/100/dt/0"
    assert settings["resume"] == "allow"
    assert points == [(10, CURVE[10]), (20, CURVE[20]), "end"]


def test_weights_and_biases_that_is_not_installed_is_named(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # type: ignore[arg-type]
    monkeypatch.setenv(WANDB, "mine")
    (run / "result.json").write_text("{}")
    with pytest.raises(ModuleNotFoundError, match="BENCH_WANDB is set, but wandb is not installed"):
        Export(Path("results")).update()
