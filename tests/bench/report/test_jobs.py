"""Which commands run in a folder, and what their logs say."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.core.holding import holding
from bench.core.working_folder import HOLDERS, SNAKEMAKE
from bench.report.jobs import TAIL, failure_of, jobs, log_of, tail, trained_by_hand
from bench.runs.train import RUNNING
from tests.helpers.started import run_of

RUN = "results/small/runs/hopper-medium/dense/100/bc/1"
TRAIN = f"bench train --run {RUN} --data data/generated/hopper-medium/100000-0 --module bc"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hold(stack: ExitStack, *commands: str) -> None:
    for number, what in enumerate(commands):
        stack.enter_context(holding(HOLDERS / str(number), what))


def write_log(text: str, seed: int = 1, stage: str = "train") -> None:
    log = log_of(run_of(seed), stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text)


def test_the_log_of_a_job_is_that_of_the_workflow() -> None:
    assert log_of(run_of(1), "train") == Path("logs/small/train/hopper-medium/dense/100/bc/1.log")


def test_live_commands_of_a_scale() -> None:
    commands = [
        SNAKEMAKE,
        TRAIN,
        TRAIN.replace("/small/", "/other/"),
        "bench data generate --task hopper-medium --steps 100",
        "bench artifact table2 --scores results/small/mujoco/scores.parquet",
        """bench cost --config '{"name": "small", "methods": {"b…""",
    ]
    with ExitStack() as stack:
        hold(stack, *commands)
        (HOLDERS / "dead").write_text("{}")
        found, snakemake = jobs("small")
    assert snakemake
    assert sorted((job.verb, job.run, job.what) for job in found if job.run is None) == [
        ("artifact", None, "artifact table2"),
        ("cost", None, "cost"),
        ("data generate", None, "data generate hopper-medium"),
    ]
    [train] = [job for job in found if job.run is not None]
    assert (train.verb, train.run, train.steps) == ("train", run_of(1), 0)
    assert jobs("small") == ([], False)


def test_the_longest_running_command_comes_first() -> None:
    commands = [TRAIN.replace("bc/1", f"bc/{seed}") for seed in (0, 1, 2)]
    with ExitStack() as stack:
        hold(stack, *commands)
        for number, age in enumerate((10, 300, 100)):
            os.utime(HOLDERS / str(number), (0, time.time() - age))
        found, _ = jobs("small")
    assert [job.run for job in found] == [run_of(1), run_of(2), run_of(0)]


def test_the_last_line_of_a_log_is_the_progress() -> None:
    write_log("step 10/40  loss 0.5\nstep 20/40  entropy 1  loss 2.5e-02\nstopped")
    with ExitStack() as stack:
        hold(stack, TRAIN)
        os.utime(HOLDERS / "0", (0, time.time() - 100))
        [job] = jobs("small")[0]
    assert (job.step, job.steps, job.loss) == (20, 40, "2.5e-02")
    assert job.seconds == pytest.approx(100, abs=5)


def test_a_training_by_hand_is_found_by_its_own_file() -> None:
    folder = run_of(1).folder()
    assert trained_by_hand(run_of(1)) is None
    with holding(folder / RUNNING, "training"):
        (folder / "train.log").write_text(
            "--- attempt of 2026 ---\nstep 30/40  loss 9\n--- attempt of 2027 ---\nstep 5/40  loss 1\n"
        )
        job = trained_by_hand(run_of(1))
        assert job is not None
        assert (job.step, job.steps, job.loss) == (5, 40, "1")
    (folder / RUNNING).write_text("{}")  # of a dead process
    assert trained_by_hand(run_of(1)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("step 1/2  loss 1\nerror: method bc: no\nmore\n", "error: method bc: no"),
        (
            "Traceback (most recent call last):\n  File\nZeroDivisionError: x\n\n",
            "ZeroDivisionError: x",
        ),
        ("step 1/2  loss 1\nstopped and saved at step 1/2\n", None),
        ("", None),
    ],
)
def test_the_error_in_a_log(text: str, reason: str | None) -> None:
    write_log(text)
    assert failure_of(run_of(1), "train") == reason
    assert failure_of(run_of(2), "train") is None


def test_only_the_end_of_a_long_log_is_read() -> None:
    write_log("error: old\n" + "x" * 2 * TAIL)
    assert len(tail(log_of(run_of(1), "train"))) == TAIL
    assert failure_of(run_of(1), "train") is None
    assert tail(Path("nowhere")) == ""
