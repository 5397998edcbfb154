"""What became of each run."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from bench.core.holding import holding
from bench.report.site.inputs import Inputs, of_working_folder
from bench.report.site.runs import RUNNING, TRAINING, Run, begun, collect
from bench.runs import train
from bench.runs.identity import Identity
from tests.helpers.site import config, write_run, write_sweep

FIRST = Identity("test", "hopper-medium", "dense", 100.0, "dt", 0)


def one(home: Path, run: Identity = FIRST) -> Run:
    inputs = of_working_folder(config(), home / "results", home / "reports")
    return next(found for found in collect(inputs) if found.identity == run)


def test_the_names_of_the_files_are_those_of_the_training() -> None:
    assert (train.RUNNING, train.TRAINING) == (RUNNING, TRAINING)


def test_a_finished_run(scale: Inputs) -> None:
    run = next(found for found in collect(scale) if found.identity == FIRST)
    assert (run.status, run.reason, run.label) == ("done", "", "DT")
    assert run.suites == ("mujoco", "targets")
    assert run.score == pytest.approx(40.0)
    assert run.mean_length == 11
    assert (run.spent("training"), run.spent("evaluation", "peak_memory_mb")) == (8.0, 400.0)


def test_a_missing_run(tmp_path: Path) -> None:
    run = one(tmp_path)
    assert (run.status, run.reason) == ("missing", "it did not begin")
    assert math.isnan(run.score)
    assert math.isnan(run.mean_length)
    assert math.isnan(run.spent("training"))


def test_a_diverged_run_has_a_score(tmp_path: Path) -> None:
    write_run(tmp_path, FIRST, 1.0, status="diverged", diverged_at=7)
    assert one(tmp_path).status == "diverged"


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    path = write_run(tmp_path, FIRST, 1.0)
    path.write_text(path.read_text().replace('"done"', '"gone"'))
    run = one(tmp_path)
    assert run.status == "damaged"
    assert "result.json" in run.reason


def test_damaged_times_leave_the_score(tmp_path: Path) -> None:
    path = write_run(tmp_path, FIRST, 1.0).with_name("run.json")
    path.write_text(json.dumps({"training": 7}))
    run = one(tmp_path)
    assert (run.status, run.clock) == ("done", None)


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("step 1\nerror: method dt diverged\n  at step 3\n", "training: method dt diverged"),
        ("step 1\nZeroDivisionError: by zero\n", "training: ZeroDivisionError: by zero"),
        ("step 1\n", "training: it began and did not end"),
    ],
)
def test_a_failed_training_says_why(tmp_path: Path, log: str, reason: str) -> None:
    folder = tmp_path / FIRST.folder()
    folder.mkdir(parents=True)
    (folder / "train.log").write_text(log)
    assert (one(tmp_path).status, one(tmp_path).reason) == ("failed", reason)


def test_a_failed_evaluation_says_why(tmp_path: Path) -> None:
    folder = tmp_path / FIRST.folder()
    folder.mkdir(parents=True)
    (folder / "training.json").write_text("{}")
    assert one(tmp_path).status == "not evaluated"
    log = tmp_path / "logs/test/evaluate/hopper-medium/dense/100/dt/0.log"
    log.parent.mkdir(parents=True)
    log.write_text("error: \x1b[31mno space left\n")
    assert (one(tmp_path).status, one(tmp_path).reason) == (
        "failed",
        "evaluation: \\x1b[31mno space left",
    )


def test_a_run_that_is_being_trained(tmp_path: Path) -> None:
    with holding(tmp_path / FIRST.folder() / RUNNING, "a test"):
        assert one(tmp_path).status == "running"
    assert one(tmp_path).status == "missing"


def test_a_training_that_was_killed_runs_no_more(tmp_path: Path) -> None:
    """It left the file that it held."""
    (tmp_path / FIRST.folder()).mkdir(parents=True)
    (tmp_path / FIRST.folder() / RUNNING).write_text("{}")
    assert one(tmp_path).status == "missing"


def test_only_suites_that_have_begun_have_holes(tmp_path: Path) -> None:
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    assert begun(inputs, collect(inputs)) == ([], ["mujoco", "targets", "later"])
    write_run(tmp_path, Identity("test", "hopper-medium", "dense", 100.0, "bc", 0), 1.0)
    runs, waiting = begun(inputs, collect(inputs))
    assert waiting == ["targets", "later"]
    assert len(runs) == 16
    (tmp_path / "reports/test/later").mkdir(parents=True)
    assert begun(inputs, collect(inputs))[1] == ["targets"]


def test_a_shared_run_does_not_begin_a_suite(tmp_path: Path) -> None:
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    write_run(tmp_path, FIRST, 1.0)  # of mujoco and of targets
    runs, waiting = begun(inputs, collect(inputs))
    assert [run.identity for run in runs] == [FIRST]
    assert waiting == ["mujoco", "targets", "later"]
    write_sweep(tmp_path, FIRST)
    runs, waiting = begun(inputs, collect(inputs))
    assert waiting == ["mujoco", "later"]
    assert {run.identity.seed for run in runs} == {0, 1}


def test_a_shared_sweep_does_not_begin_a_suite(tmp_path: Path) -> None:
    own = config()
    own["suites"]["again"] = own["suites"]["targets"] | {"seeds": [0]}
    inputs = of_working_folder(own, tmp_path / "results", tmp_path / "reports")
    for run in inputs.plan.runs["again"]:
        write_run(tmp_path, run, 1.0)
        write_sweep(tmp_path, run)
    assert begun(inputs, collect(inputs))[1] == ["mujoco", "targets", "later", "again"]
    second = Identity("test", "hopper-medium", "dense", 100.0, "dt", 1)
    write_run(tmp_path, second, 1.0)
    write_sweep(tmp_path, second)  # of targets alone
    assert begun(inputs, collect(inputs))[1] == ["mujoco", "later", "again"]
