"""Methods that misbehave: the run fails or diverges, in one message with the method's name and line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import bench.runs.evaluate
import bench.runs.train
from bench.core.code import ROOT
from bench.core.files import read_json
from bench.core.stopping import Stopped
from bench.methods.contract import BadMethod
from bench.methods.loader import Method
from bench.methods.policy_file import read_tensors, write_tensors
from bench.runs.policies import JOIN_SECONDS, POLICY
from bench.runs.train import RUNNING, TRAINING, train_run
from tests.helpers.runs import evaluate_one, run_folder

METHOD = """
import os, sys, threading, time
from dataclasses import dataclass
import numpy as np
from bench.methods.policy_file import read_tensors, write_tensors

@dataclass(frozen=True)
class Config:
    pass

class Policy:
    def __init__(self, weights): self.weights = weights
    def reset(self, seeds, targets): {reset}
    def act(self, observations, rewards): return np.tile(self.weights, (len(observations), 1))
    def save(self, path):
        {save}

def train(data, config, context):
    weights = np.zeros(data.actions.shape[1], dtype=np.float32)
    {train}
    return Policy(weights)

def load(path, device):
    return Policy(read_tensors(path, method="mine")[0]["weights"])
"""
SAVE = 'write_tensors(path, {"weights": self.weights}, method="mine")'
RUN = """
import sys, baselines
baselines.__path__.append(sys.argv.pop(1))
from bench.cli.main import main
sys.exit(main())
"""


def bench_verb(
    folder: Path, verb: str, *arguments: str, train: str = "", save: str = SAVE, reset: str = "pass"
) -> subprocess.CompletedProcess[str]:
    """Run a command on the run of a method `mine` with these statements."""
    (folder / "code").mkdir(exist_ok=True)
    text = METHOD.format(train=train or "pass", save=save, reset=reset)
    (folder / "code" / "mine.py").write_text(text)
    run = run_folder(folder, "mine")
    return subprocess.run(
        [sys.executable, "-c", RUN, folder / "code", verb, "--run", run, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=120,
    )


def trained(
    folder: Path, data: Path, *more: str, **statements: str
) -> subprocess.CompletedProcess[str]:
    words = ("--data", str(data), "--module", "mine", "--steps", "5", *more)
    return bench_verb(folder, "train", *words, **statements)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ({"train": "sys.exit(0)"}, "code/mine.py:20: it called sys.exit(0), which ends the run"),
        ({"train": "sys.exit('bye')"}, "code/mine.py:20: it called sys.exit('bye')"),
        ({"train": "os._exit(0)"}, "code/mine.py:20: it called os._exit(0), which ends the run"),
        ({"train": "raise SystemExit"}, "code/mine.py:20: it called sys.exit(None)"),
        ({"train": "return None"}, "code/mine.py:18: it returned NoneType, which has no reset and"),
        ({"train": "return Config"}, "code/mine.py:18: it returned type, which has no reset and"),
        ({"save": "1 / 0"}, "code/mine.py:16: ZeroDivisionError: division by zero"),
        ({"save": "pass"}, "code/mine.py:15: save wrote nothing to the file that it was given"),
        ({"save": "path.write_text('x' * 99)"}, "code/mine.py:15: save wrote no safetensors file"),
        (
            {"train": "threading.Thread(target=time.sleep, args=(30,), name='w').start()"},
            "code/mine.py:18: train left a thread running (w)",
        ),
        ({"train": "x = [0] * 10**15"}, "code/mine.py:20: MemoryError"),
        (
            {"train": "context.log(1, loss=float('nan'))"},
            "code/mine.py:18: loss is not finite at step 1, and there is no policy to score",
        ),
    ],
)
def test_the_run_fails_with_the_name_and_the_line_of_the_method(
    statements: dict[str, str], message: str, hopper_data: Path, tmp_path: Path
) -> None:
    done = trained(tmp_path, hopper_data, **statements)
    assert done.returncode == 1
    assert f"error: method mine: {message}" in done.stderr
    assert "Traceback" not in done.stderr
    (log,) = run_folder(tmp_path, "mine").glob("*")  # nothing else is left
    assert log.name == "train.log"
    assert message in log.read_text()


@pytest.mark.slow
def test_data_that_are_truncated_during_a_training_end_it_in_words(
    hopper_data: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "data" / "generated" / "hopper-medium"
    shutil.copytree(hopper_data, copied)
    statements = f"os.truncate({str(copied / 'observations.npy')!r}, 0); data.observations.sum()"
    done = trained(tmp_path, copied, train=statements)
    assert done.returncode == 1
    assert "Fatal Python error: Bus error" in done.stderr
    assert 'mine.py", line 20 in train' in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: {run_folder(tmp_path, 'mine')}: killed by SIGBUS: a file that")


def can_mount() -> bool:
    return shutil.which("unshare") is not None and not subprocess.call(
        ["unshare", "-rm", "true"], stderr=subprocess.DEVNULL
    )


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("ro", "error: [Errno 30] Read-only file system"),
        ("size=24k", "error: [Errno 28] no space"),
        ("nr_inodes=3", "error: [Errno 28] No space left on device: "),  # for its folders
        ("nr_inodes=8", "error: [Errno 28] "),  # for its files
    ],
    ids=["read-only", "full", "no inodes for folders", "no inodes for files"],
)
def test_a_folder_that_cannot_be_written_is_one_line(
    options: str, message: str, hopper_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "mine.py").write_text(
        METHOD.format(train="weights = np.zeros(99999, np.float32)", save=SAVE, reset="pass")
    )
    (tmp_path / "results").mkdir()
    words = ["train", "--run", run_folder(tmp_path, "mine"), "--data", hopper_data]
    words += ["--module", "mine", "--steps", "5"]
    mount = f'mount -t tmpfs -o {options} tmpfs "$1" && shift && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", tmp_path / "results"]
    done = subprocess.run(
        [*command, sys.executable, "-c", RUN, tmp_path / "code", *words],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["while True: pass", "time.sleep(999)"])
def test_an_endless_loop_ends_at_the_time_limit(
    loop: str, hopper_data: Path, tmp_path: Path
) -> None:
    done = trained(tmp_path, hopper_data, "--time-limit", "0.25", train=loop)
    assert done.returncode == 1
    assert "error: method mine: code/mine.py:20: it took longer than its time limit" in done.stderr


@pytest.mark.slow
def test_an_endless_loop_of_a_policy_ends_at_the_time_limit(
    hopper_data: Path, tmp_path: Path
) -> None:
    assert trained(tmp_path, hopper_data).returncode == 0
    words = ("--episodes", "1", "--num-envs", "1", "--time-limit", "0.25")
    done = bench_verb(tmp_path, "evaluate", *words, reset="[None for _ in iter(int, 1)]")
    assert done.returncode == 1
    assert "error: method mine: code/mine.py:13: it took longer than its time limit" in done.stderr
    done = bench_verb(tmp_path, "evaluate", *words[:4], reset="os._exit(0)")
    assert done.returncode == 1
    assert "error: method mine: code/mine.py:13: it called os._exit(0)" in done.stderr


def test_a_working_directory_that_the_method_changes_is_put_back(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()

    def train(data: Any, config: Any, context: Any) -> Any:
        os.chdir("elsewhere")
        policy = Constant(np.zeros(3, dtype=np.float32))
        context.snapshot(0, policy)
        return policy

    use(monkeypatch, train)
    train_run(run_folder(Path(), "mine"), hopper_data, "mine", {}, 5, (), "cpu")
    assert Path.cwd() == tmp_path
    assert (run_folder(tmp_path, "mine") / TRAINING).exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


class Constant:
    """A policy that always acts in the same way."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights

    def reset(self, seeds: Any, targets: Any) -> None: ...

    def act(self, observations: Any, rewards: Any) -> Any:
        return np.tile(self.weights, (len(observations), 1))

    def save(self, path: Path) -> None:
        write_tensors(path, {"weights": self.weights}, method="mine", note="kept")


def load(path: Path, device: str) -> Constant:
    tensors, about = read_tensors(path, method="mine")
    assert about["note"] == "kept"
    return Constant(tensors["weights"])


def use(monkeypatch: pytest.MonkeyPatch, train: Any) -> None:
    """Let every module of runs load a method with this training."""
    from baselines.uniform import Config

    method = Method("mine", Config, train, load)
    for module in (bench.runs.train, bench.runs.evaluate):
        monkeypatch.setattr(module, "load_method", lambda name: method)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_a_divergence_also_without_snapshots(
    wrong: float, hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, lambda data, config, context: Constant(np.float32([0.5, wrong, -0.5])))
    folder = run_folder(tmp_path, "mine")
    train_run(folder, hopper_data, "mine", {}, 5, (), "cpu")
    assert load_file(folder / POLICY)["weights"].tolist() == [0.5, 0, -0.5]
    assert read_json(folder / TRAINING)["diverged_at"] == 5
    result = evaluate_one(folder)
    assert (result["status"], result["diverged_at"]) == ("diverged", 5)
    assert len(result["evaluations"][-1]["returns"]) == 3


def test_a_thread_that_ends_soon_is_waited_for(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading
    import time

    def train(data: Any, config: Any, context: Any) -> Any:
        threading.Thread(target=time.sleep, args=(JOIN_SECONDS / 4,)).start()
        return Constant(np.zeros(3, dtype=np.float32))

    use(monkeypatch, train)
    train_run(run_folder(tmp_path, "mine"), hopper_data, "mine", {}, 5, (), "cpu")
    assert (run_folder(tmp_path, "mine") / TRAINING).exists()


def test_data_that_are_deleted_during_a_training_do_not_stop_it(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "data" / "generated" / "hopper-medium"
    shutil.copytree(hopper_data, copied)
    sums = []

    def train(data: Any, config: Any, context: Any) -> Any:
        shutil.rmtree(copied)
        sums.append(float(data.observations.sum()))
        return Constant(np.zeros(3, dtype=np.float32))

    use(monkeypatch, train)
    folder = run_folder(tmp_path, "mine")
    train_run(folder, copied, "mine", {}, 5, (), "cpu")
    assert np.isfinite(sums[0])
    assert read_json(folder / TRAINING)["source"] == "generated"


def test_two_trainings_of_one_run_are_refused(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path, "mine")

    def train(data: Any, config: Any, context: Any) -> Any:
        assert (folder / RUNNING).exists()
        with pytest.raises(BlockingIOError, match=rf"{folder} is in use by process {os.getpid()}"):
            train_run(folder, hopper_data, "mine", {}, 5, (), "cpu")
        return Constant(np.zeros(3, dtype=np.float32))

    use(monkeypatch, train)
    train_run(folder, hopper_data, "mine", {}, 5, (), "cpu")
    assert not (folder / RUNNING).exists()


@pytest.mark.parametrize("error", [Stopped(15), KeyboardInterrupt()])
def test_a_stop_is_not_the_methods_fault(
    error: BaseException, hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(data: Any, config: Any, context: Any) -> Any:
        raise error

    use(monkeypatch, train)
    with pytest.raises(type(error)):
        train_run(run_folder(tmp_path, "mine"), hopper_data, "mine", {}, 5, (), "cpu")


def test_the_next_training_sweeps_what_a_killed_one_left(
    hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = run_folder(tmp_path, "mine")
    (folder / "snapshots").mkdir(parents=True)
    left = [".policy.safetensors.abcd1234", ".checkpoint.safetensors.q_x81kz2"]
    left += [".training.json.12345678", "snapshots/.00000000.safetensors.12345678"]
    for name in left:
        (folder / name).touch()
    use(monkeypatch, lambda data, config, context: Constant(np.zeros(3, dtype=np.float32)))
    train_run(folder, hopper_data, "mine", {}, 5, (), "cpu")
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [POLICY, TRAINING]


@pytest.mark.parametrize("name", ["numbers", "lists"])
def test_an_error_in_saving_names_the_variant(
    name: str, hopper_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the method as the config does, not its module."""
    use(monkeypatch, lambda data, config, context: Constant(name))
    folder = run_folder(tmp_path, "mine-variant")
    with pytest.raises(BadMethod, match=r"^method mine-variant: "):
        train_run(folder, hopper_data, "mine", {}, 5, (), "cpu")


def test_the_text_of_the_method_stands_at_the_named_lines() -> None:
    """The numbers in the messages above are those of METHOD."""
    lines = textwrap.dedent(METHOD).splitlines()
    assert lines[19 - 1 + 1] == "    {train}"
    assert lines[17].startswith("def train")
    assert lines[14].startswith("    def save")
