"""The time before a computation starts: of the help, of the status, of a plan, and of a run.

Each is a process. A training of one step is the process of a run from its start to its end, with existing data. Its
time is the cost of a run besides its training.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.behaviours.generate import generate
from bench.tasks.registry import task_by_name

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
TASK = "hopper-medium-replay"
BFLOAT16 = {"precision": "auto"}
METHODS = {"dt": BFLOAT16, "bc": {}, "percent_bc": {"top_percent": 10}, "cql": {}}


def run(command, folder=ROOT):
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


@pytest.mark.benchmark(group="start-up")
def test_help(benchmark):
    benchmark.pedantic(lambda: run([sys.executable, "-m", "bench", "--help"]), rounds=5)


@pytest.mark.benchmark(group="start-up")
def test_status(benchmark):
    """It reads the costs of the packed records, so it grows with them."""
    command = [sys.executable, "-m", "bench", "status", "--scale", "quick"]
    benchmark.pedantic(lambda: run(command), rounds=5, warmup_rounds=1)


PLANS = {
    "plan of all_mujoco": ["all_mujoco"],
    "plan of the whole paper": ["paper_mujoco", "all_claims", "--configfile", "config/paper.yaml"],
}


@pytest.mark.benchmark(group="start-up")
@pytest.mark.parametrize("subject", PLANS)
def test_plan(benchmark, subject):
    command = [BIN / "snakemake", "--dry-run", "--quiet", "all", "--nolock", *PLANS[subject]]
    benchmark.pedantic(lambda: run(command), rounds=3, warmup_rounds=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "data"
    generate(task_by_name(TASK), 20_000, 0, folder)
    return folder


def training(data, folder, method, steps, seed=0):
    """Return the command of a training."""
    below = folder / "results/speed/runs" / TASK / "dense/100" / method / str(seed)
    return [
        *[sys.executable, "-m", "bench", "train", "--run", below, "--data", data],
        *["--module", method, "--steps", str(steps), "--options", json.dumps(METHODS[method])],
        *["--curve", "1", "--device", "cpu"],
    ]


@pytest.mark.benchmark(group="start-up")
@pytest.mark.parametrize("method", METHODS)
def test_a_training_of_one_step(benchmark, data, tmp_path, method):
    command = training(data, tmp_path, method, 1)
    benchmark.pedantic(lambda: run(command), rounds=5, warmup_rounds=1)


@pytest.mark.benchmark(group="four equal DT trainings")
@pytest.mark.parametrize("workers", [1, 2])
def test_fan_out(benchmark, data, tmp_path, workers):
    """Four trainings on two cores, compared with one core."""
    if len(os.sched_getaffinity(0)) < workers:
        pytest.skip("this machine has one core")
    commands = [training(data, tmp_path, "dt", 60, seed) for seed in range(4)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}

    def all_of_them():
        waiting, running = list(commands), []
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(
                    subprocess.Popen(
                        waiting.pop(), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
                    )
                )
            assert running.pop(0).wait() == 0

    benchmark.pedantic(all_of_them, rounds=3)
