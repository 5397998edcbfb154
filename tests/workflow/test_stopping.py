"""Pipelines that are killed go on with the same command; results that were copied are not made again."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.pipeline import checkout, clean, jobs, snakemake, tiny, with_data

pytestmark = pytest.mark.slow
STEPS = 6000  # of a training of some seconds


def pipeline(folder: Path, **changes: Any) -> Path:
    with_data(folder)
    tiny(
        folder,
        suites={"mujoco": {"methods": ["bc", "uniform"], "baselines": False, "seeds": [0, 1]}},
        methods={"bc": {"steps": STEPS, "options": {"width": 8, "layers": 1}}},
        **changes,
    )
    return folder


def start(folder: Path) -> subprocess.Popen[bytes]:
    """Start the README's command, in a process group of its own; its output goes to a file."""
    with (folder / "out.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "all_mujoco", "--cores", "2"]
            + ["--configfile", "config/tiny.yaml"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=clean(),
            start_new_session=True,
        )


def wait_for_a_training(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until a training has logged a step."""
    logs = folder / "logs" / "tiny" / "train" / "hopper-medium"
    while process.poll() is None:
        if any("\nstep " in log.read_text() for log in logs.rglob("bc/*.log")):
            return
        time.sleep(0.05)
    raise AssertionError((folder / "out.log").read_text()[-3000:])


def results(folder: Path) -> dict[str, bytes]:
    below = folder / "results"
    files = [*below.rglob("policy.safetensors"), *below.rglob("result.json")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def hidden(folder: Path) -> list[str]:
    return [path.name for path in (folder / "results").rglob(".*")]


@pytest.mark.long
def test_a_pipeline_killed_with_its_group_goes_on_with_the_same_command(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "clone")
    whole = checkout(tmp_path / "whole")
    shutil.copytree(folder / "data", whole / "data")
    shutil.copy(folder / "config" / "tiny.yaml", whole / "config")
    snakemake(whole, "all_mujoco", config="config/tiny.yaml")
    draw, unlocked = random.Random(0), 0
    for number in range(10):
        process = start(folder)
        if number % 2:
            wait_for_a_training(process, folder)
        time.sleep(draw.uniform(0.5, 4))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        unlocked += "unlocked: the Snakemake that held this folder is dead" in said(folder)
    done = start(folder)
    assert done.wait() == 0, said(folder)[-3000:]
    assert unlocked > 0
    assert results(folder) == results(whole)
    assert hidden(folder) == []
    assert not list((folder / "results").rglob("checkpoint*"))
    assert (folder / "reports/tiny/mujoco/table2.md").read_bytes() == (
        whole / "reports/tiny/mujoco/table2.md"
    ).read_bytes()


def said(folder: Path) -> str:
    return (folder / "out.log").read_text()


@pytest.mark.long
def test_orphans_of_a_killed_snakemake_are_named(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "clone")
    process = start(folder)
    wait_for_a_training(process, folder)
    process.kill()  # Snakemake alone
    process.wait()
    second = start(folder)
    assert second.wait() == 1
    found = re.search(
        r"of its commands still run: process .* stop them with `kill ([\d ]+)`", said(folder)
    )
    assert found, said(folder)[-3000:]
    for pid in map(int, found[1].split()):
        os.kill(pid, signal.SIGTERM)
    for _ in range(100):
        if not list((folder / ".snakemake" / "holders").glob("*")):
            break
        time.sleep(0.1)
    output = snakemake(folder, "all_mujoco", config="config/tiny.yaml")
    assert "unlocked" in output or "Unlock" not in output
    logs = (folder / "logs" / "tiny" / "train").rglob("bc/*.log")
    assert any("resuming at step" in log.read_text() for log in logs)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_pipeline_saves_its_trainings(number: int, tmp_path: Path) -> None:
    """Ctrl-C and a cluster's cancel reach the whole process group."""
    folder = pipeline(tmp_path / "clone")
    process = start(folder)
    wait_for_a_training(process, folder)
    began = time.monotonic()
    os.killpg(process.pid, number)
    process.wait()
    assert time.monotonic() - began < 12  # Snakemake itself waits five seconds at the end
    assert process.returncode != 0
    assert list((folder / "results").rglob("checkpoint.safetensors"))
    output = snakemake(folder, "all_mujoco", config="config/tiny.yaml")
    assert "LockException" not in output
    logs = (folder / "logs" / "tiny" / "train").rglob("bc/*.log")
    assert any("resuming at step" in log.read_text() for log in logs)
    # Snakemake deleted the first log; the run's folder has the words of both attempts, in their order
    histories = [path.read_text() for path in (folder / "results").rglob("bc/*/train.log")]
    resumed = [text for text in histories if "resuming at step" in text]
    assert resumed
    for text in resumed:
        saved = re.search(r"^stopped and saved at step (\d+)/", text, flags=re.MULTILINE)
        assert saved
        assert f"resuming at step {saved[1]}/" in text[saved.end() :]
        assert len(re.findall(r"^--- attempt of \d{4}-", text, flags=re.MULTILINE)) == 2


def test_a_second_pipeline_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    folder = pipeline(tmp_path / "clone")
    first = start(folder)
    wait_for_a_training(first, folder)
    output = snakemake(folder, "all_mujoco", config="config/tiny.yaml", check=False)
    assert "LockException" in output or "cannot be locked" in output
    assert first.wait() == 0, said(folder)[-3000:]


BAD = """
import os
from dataclasses import dataclass

@dataclass(frozen=True)
class Config: ...

def train(data, config, context):
    {statement}

def load(path, device): ...
"""


def test_methods_that_misbehave_fail_alone(tmp_path: Path) -> None:
    """One ends its process with status 0, one never ends; the limit comes from the config."""
    folder = with_data(tmp_path / "clone")
    for name, statement in (("leaves", "os._exit(0)"), ("hangs", "while True: pass")):
        (folder / "baselines" / f"{name}.py").write_text(BAD.format(statement=statement))
    config = tiny(folder, training={"steps": 5, "curve": [], "time_limit": 0.25})
    output = snakemake(folder, "all_mujoco", config=config, check=False)
    assert "method leaves: baselines/leaves.py:9: it called os._exit(0)" in output
    assert "method hangs: baselines/hangs.py:9: it took longer than its time limit" in output
    finished = {path.parts[-3] for path in (folder / "results").rglob("result.json")}
    assert {"bc", "uniform"} <= finished
    assert not {"leaves", "hangs"} & finished
    for name in ("leaves", "hangs"):
        (folder / "baselines" / f"{name}.py").unlink()
    tiny(folder, training={"steps": 5, "curve": [], "time_limit": 7})
    assert planned(folder) == {}


def adopt(folder: Path, verb: str = "adopt") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "results", verb, "--config", "config/tiny.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        env=clean(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def planned(folder: Path) -> dict[str, int]:
    found = jobs(snakemake(folder, "all_mujoco", "--dry-run", config="config/tiny.yaml"))
    rules = ("generate", "train", "evaluate")
    return {rule: found[rule] for rule in rules if rule in found}


def test_results_that_were_copied_are_not_made_again(tmp_path: Path) -> None:
    first = with_data(tmp_path / "first")
    snakemake(first, "all_mujoco", config="config/tiny.yaml")
    copied = checkout(tmp_path / "second")
    shutil.copy(first / "config" / "tiny.yaml", copied / "config")
    for name in ("results", "data"):  # as `cp -r`, in any order
        shutil.copytree(first / name, copied / name, copy_function=shutil.copyfile)
    for path in sorted(copied.glob("data/**/*")):
        path.touch()
    assert planned(copied)["train"] > 0
    runs = len(list(copied.rglob("result.json")))
    assert f"record: {runs} of " in adopt(copied, "check")
    assert planned(copied)["train"] > 0
    adopt(copied)
    assert planned(copied) == {}
    before = results(copied)
    snakemake(copied, "all_mujoco", config="config/tiny.yaml")
    assert results(copied) == before == results(first)
    # what is changed afterwards is made again, though Snakemake has notes on it
    (changed,) = copied.rglob("uniform/0/result.json")
    changed.write_text(changed.read_text().replace('"lengths"', '"lenghts"', 1))
    assert planned(copied) == {}
    assert f"{changed.relative_to(copied)}: record" in adopt(copied)
    assert planned(copied) == {"evaluate": 1}
    snakemake(copied, "all_mujoco", config="config/tiny.yaml")
    assert results(copied) == before
    # an edit of a method plans its runs again, as in the first folder
    edited = (copied / "baselines" / "bc.py").read_text().replace("width: int = ", "width: int = 1")
    (copied / "baselines" / "bc.py").write_text(edited)
    assert planned(copied) == {"train": 1, "evaluate": 1}


@pytest.mark.long
def test_copied_results_of_other_code_and_damaged_ones_are_made_again(tmp_path: Path) -> None:
    """Without metadata Snakemake would take them for finished."""
    first = with_data(tmp_path / "first")
    snakemake(first, "all_mujoco", config="config/tiny.yaml")
    copied = checkout(tmp_path / "second")
    for name in ("results", "data", "config"):
        shutil.copytree(first / name, copied / name, dirs_exist_ok=True)  # with times
    edited = (copied / "baselines" / "bc.py").read_text().replace("width: int = ", "width: int = 1")
    (copied / "baselines" / "bc.py").write_text(edited)
    (damaged,) = copied.rglob("uniform/0/result.json")
    damaged.write_text(damaged.read_text().replace('"lengths"', '"lenghts"', 1))
    assert planned(copied) == {}
    output = adopt(copied)
    assert "bc/0/training.json: code: baselines/bc.py changed" in output
    assert f"{damaged.relative_to(copied)}: record" in output
    assert planned(copied) == {"train": 1, "evaluate": 2}
