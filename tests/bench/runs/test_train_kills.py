"""A training that is killed at any moment, again and again, ends with the bytes of one that was left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bench.core.code import ROOT
from bench.core.files import read_json
from bench.core.supervision import STOP_SECONDS
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.context import SNAPSHOTS
from bench.runs.policies import POLICY
from bench.runs.train import TRAINING
from tests.helpers.dt import make_data
from tests.helpers.kinds import DISCRETE, game_frames
from tests.helpers.lost import LostTime

pytestmark = pytest.mark.long

# the real command, with a checkpoint after a tenth of a second instead of a minute
PROGRAM = """
import sys
from functools import partial
import bench.runs.train as train
from bench.cli.main import main
train.Context = partial(train.Context, save_every=0.1)
sys.exit(main())
"""
KILLS = int(os.environ.get("BENCH_TEST_KILLS", "6"))  # of each method
SIZES = {"width": 16, "batch_size": 8}


@dataclass(frozen=True)
class Case:
    """A method, and the data that it learns from."""

    module: str
    task: str
    steps: int
    options: dict[str, Any]

    def data(self) -> Trajectories:
        if self.task == "hopper-medium":
            return make_data((20, 12, 31, 17, 9, 11), observation_size=11, action_size=3)
        return game_frames() if self.module == "dt_atari" else DISCRETE.plays[1]


CASES = [
    Case("dt", "hopper-medium", 1500, SIZES | {"context_length": 5, "layers": 2}),
    Case(
        "dt_online",
        "hopper-medium",
        1500,
        SIZES | {"context_length": 5, "layers": 2, "environment_steps": 3000, "noise": 0.1},
    ),
    Case("bc", "hopper-medium", 3000, SIZES),
    Case("cql", "hopper-medium", 1000, SIZES | {"layers": 2}),
    Case("iql", "hopper-medium", 2000, SIZES | {"layers": 2}),
    Case("discrete_cql", "key_to_door-1k", 2000, SIZES | {"layers": 2}),
    Case(
        "dt_atari",
        "breakout-replay",
        400,
        {"context_length": 4, "layers": 1, "heads": 2, "width": 16, "batch_size": 4},
    ),
]


def start(folder: Path, data: Path, case: Case) -> subprocess.Popen[bytes]:
    """Start a training, whose output goes to a log in the folder."""
    folder.mkdir(exist_ok=True)
    run = folder / "results" / "x" / "runs" / case.task / "dense" / "100" / case.module / "0"
    words = ["train", "--run", run, "--data", data, "--module", case.module]
    words += ["--steps", str(case.steps), "--options", json.dumps(case.options)]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words, "--curve", "0.3", "0.7"],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


def wait_until_it_trains(process: subprocess.Popen[bytes], log: Path, lost: LostTime) -> None:
    """Wait until a training logs a step, and note when it resumed from a checkpoint."""
    text, resumed = "", False
    while "\nstep " not in text and process.poll() is None:
        time.sleep(0.02)
        text = log.read_text()
        if not resumed and "resuming at step" in text:
            resumed = True
            lost.resumed()


def outcome(folder: Path) -> dict[str, Any]:
    """Return what a training left, without its times."""
    (run,) = (path.parent for path in folder.rglob(TRAINING))
    training = read_json(run / TRAINING)
    del training["clock"], training["digest"]
    left = sorted(path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file())
    policies = [run / POLICY, *sorted((run / SNAPSHOTS).iterdir())]
    return {"training": training, "left": left, "bytes": [path.read_bytes() for path in policies]}


@dataclass
class Kills:
    """Kills trainings at random moments, in turn by each signal.

    Attributes:
        done: the number of trainings that a signal ended.
        resumed: the number of trainings that began at a checkpoint.
        slowest: the longest time from a signal to the end, in seconds.
        lost: what the kills cost.
    """

    done: int = 0
    resumed: int = 0
    slowest: float = 0.0
    lost: LostTime = field(default_factory=LostTime)

    def kill(self, process: subprocess.Popen[bytes], log: Path, draw: random.Random) -> bool:
        """Kill a training, or wait for its end if there were enough. Return whether it was killed."""
        self.lost.start()
        how = (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT)[self.done % 4]
        if self.done >= KILLS:
            process.wait()
        elif self.done % 3 == 2:
            time.sleep(draw.uniform(0.1, 2))  # most often while it starts
        else:
            wait_until_it_trains(process, log, self.lost)
            time.sleep(draw.uniform(0.1, 0.6))
        began, at = time.monotonic(), time.time()
        if running := process.poll() is None:
            os.killpg(process.pid, how)
        ended = process.wait()
        self.resumed += "resuming at step" in log.read_text()
        if ended == 0:  # it came to its end before the signal
            return False
        own = {signal.SIGKILL: -9, signal.SIGTERM: 143, signal.SIGINT: 130}[how]
        assert running, log.read_text()
        assert ended in (own, -how), log.read_text()  # -how: Python itself had just begun
        self.done += 1
        self.lost.killed(log.parent, at)
        self.slowest = max(self.slowest, time.monotonic() - began)
        return True


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.module)
def test_a_run_killed_at_any_moment_ends_as_if_it_was_left_alone(
    case: Case, tmp_path: Path
) -> None:
    data = tmp_path / "data" / "generated" / case.task / "0-0"
    storage.save(case.data(), data, {"source": "generated"})
    whole = start(tmp_path / "whole", data, case)
    assert whole.wait() == 0, (tmp_path / "whole" / "log").read_text()

    draw, kills = random.Random(case.module), Kills()
    for life in range(100):
        folder = tmp_path / f"killed-{life}"
        while kills.kill(start(folder, data, case), folder / "log", draw):
            pass
        assert outcome(folder) == outcome(tmp_path / "whole")
        if kills.done >= KILLS:
            break
    print(f"{case.module}: {kills.lost}")  # `pytest -s` shows it
    assert kills.done >= KILLS
    assert kills.resumed > 0
    assert kills.slowest < STOP_SECONDS + 1
