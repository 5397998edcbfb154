"""A plan of 10,000 runs: how long Snakemake plans it, and how much of a core its scheduler needs.

The runs are replaced by a shell script that makes their files in a millisecond, so that the scheduler is all that is
measured. A training and an evaluation are two jobs.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from tests.helpers.pipeline import checkout, clean

TASKS = 10
METHODS = ["dt", "cql", "iql", "td3bc", "bc", "bc10", "bc25", "bc40", "uniform", "behaviour"]
SEEDS = 100
MEASURED = 20  # seconds of scheduling
STUB = """#!/bin/sh
verb=$3
while [ $# -gt 0 ]; do case $1 in --run) run=$2;; --out) out=$2;; esac; shift; done
case $verb in
    train) : > $run/policy.safetensors; : > $run/training.json;;
    evaluate) : > $run/result.json; : > $run/run.json;;
    data)
        mkdir -p $out && cd $out
        touch observations.npy actions.npy rewards.npy terminals.npy timeouts.npy final_observations.npy manifest.json;;
esac
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a checkout with a config of 10,000 runs and rules that do nothing."""
    folder = checkout(tmp_path_factory.mktemp("large") / "clone")
    stub = folder / "stub"
    stub.write_text(STUB)
    stub.chmod(0o755)
    for name in ("runs", "data"):
        rules = folder / "workflow" / "rules" / f"{name}.smk"
        rules.write_text(rules.read_text().replace("python -m bench", f"{stub} -m bench"))
    quick = yaml.safe_load((folder / "config" / "config.yaml").read_text())
    suite = {
        "tasks": quick["suites"]["mujoco"]["tasks"][:TASKS],
        "methods": METHODS,
        "seeds": list(range(SEEDS)),
        "artifacts": ["table2"],
    }
    config = {"name": "large", "suites": {"mujoco": suite}}
    (folder / "large.yaml").write_text(yaml.safe_dump(config))
    return folder


def start(folder, *arguments):
    command = [sys.executable, "-m", "snakemake", "all_mujoco", "--cores", "2", "--quiet", "all"]
    return subprocess.Popen(
        [*command, "--configfile", "large.yaml", *arguments],
        cwd=folder,
        env=clean(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@pytest.mark.benchmark(group="a plan of 10,000 runs")
def test_dry_run(benchmark, folder):
    benchmark.pedantic(lambda: start(folder, "--dry-run", "--nolock").wait(), rounds=1)


@pytest.mark.benchmark(group="a plan of 10,000 runs")
def test_scheduling(benchmark, folder):
    """The time is that from the start to the first run; `extra_info` has the cost of a job after it."""
    process = start(folder)
    try:
        benchmark.pedantic(lambda: wait_for(process, folder), rounds=1)
        jobs, used, begun = finished(folder), core_seconds(process), time.monotonic()
        time.sleep(MEASURED)
        jobs, used = finished(folder) - jobs, core_seconds(process) - used
        benchmark.extra_info |= {
            "jobs a second": round(jobs / (time.monotonic() - begun), 1),
            "core-milliseconds of a job": round(1000 * used / jobs, 1),
            "memory in MB": memory(process),
        }
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(process, folder):
    while not finished(folder):
        assert process.poll() is None
        time.sleep(0.1)


def core_seconds(process):
    """Return the time that a process has used, without its children. Linux only."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(process):
    """Return the most memory in MB that a process has had. Linux only."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024)


def finished(folder: Path) -> int:
    """Return how many jobs have ended: each has a file that the stub makes last."""
    runs = folder / "results" / "large" / "runs"
    return sum(1 for name in ("training.json", "run.json") for _ in runs.rglob(name))
