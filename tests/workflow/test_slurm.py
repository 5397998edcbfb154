"""The pipeline on a real Slurm of one node: groups, time limits, a node that fails."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers import slurm as daemons
from tests.helpers.pipeline import checkout, clean, tiny
from tests.helpers.slurm import Slurm

pytestmark = [
    pytest.mark.long,
    pytest.mark.slurm,
    pytest.mark.skipif(bool(daemons.MISSING), reason=daemons.MISSING),
]
# without accounting sacct knows nothing
OPTIONS = [
    *("--workflow-profile", "profiles/slurm", "--slurm-no-account"),
    *("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "3"),
    *("--seconds-between-status-checks", "3", "--latency-wait", "10"),
]
# BC that waits each time it logs, twenty times a run
SLOW = """
import os, time
from baselines import bc
from baselines.bc import Config, load

def train(data, config, context):
    log = context.log
    def late(step, **values):
        time.sleep(float(os.environ.get("SLOW_SECONDS", "0")))
        log(step, **values)
    context.log = late
    return bc.train(data, config, context)
"""
RUN = Path("results/tiny/runs/hopper-medium/dense/100/slow/0")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Slurm]:
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # a socket's path is short
    folder.chmod(0o755)  # munged runs as a user of its own
    with daemons.slurm(folder / "daemons", cores=4) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


def slow_checkout(folder: Path) -> tuple[Path, str]:
    checkout(folder)
    (folder / "baselines/slow.py").write_text(SLOW)
    suite = {"methods": ["slow"], "artifacts": ["table2"]}
    methods = {"slow": {"module": "slow", "steps": 20, "options": {"width": 8, "layers": 1}}}
    return folder, tiny(folder, suites={"mujoco": suite}, methods=methods)


def command(target: str, config: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", target, "--configfile", config, *OPTIONS, *options]


def finish(folder: Path, target: str, config: str, *options: str, **more: str) -> str:
    done = subprocess.run(
        command(target, config, *options),
        cwd=folder,
        env=clean() | more,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout + done.stderr


def expected_policy(folder: Path) -> bytes:
    """Return the policy of the same run without a cluster and without interruption."""
    folder, config = slow_checkout(folder)
    local = [sys.executable, "-m", "snakemake", str(RUN / "result.json"), "--configfile", config]
    subprocess.run([*local, "--cores", "1"], cwd=folder, env=clean(), check=True)
    return (folder / RUN / "policy.safetensors").read_bytes()


def test_all_mujoco_runs_in_groups(cluster: Slurm, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "clone")
    output = finish(folder, "all_mujoco", "config/smoke.yaml")
    assert (folder / "reports/smoke/mujoco/table2.md").exists()
    records = list((folder / "results/smoke/runs").glob("*/*/*/*/*/result.json"))
    assert len(records) == 36
    # two data sets, then 36 runs by tens
    assert len(re.findall("has been submitted with SLURM jobid", output)) == 2 + 4


def test_a_job_that_its_time_limit_stops_continues_when_it_is_submitted_again(
    cluster: Slurm, tmp_path: Path
) -> None:
    folder, config = slow_checkout(tmp_path / "clone")
    # the group may take two minutes; the training waits for 160 s
    limits = ("--set-resources", "train:runtime=1", "evaluate:runtime=1")
    output = finish(folder, "all_mujoco", config, *limits, SLOW_SECONDS="8")
    assert output.count("has been submitted with SLURM jobid") >= 3  # data, run, and run again
    policy = (folder / RUN / "policy.safetensors").read_bytes()
    assert policy == expected_policy(tmp_path / "other")


def test_a_run_on_a_node_that_fails_is_queued_again_and_continues(
    cluster: Slurm, tmp_path: Path
) -> None:
    folder, config = slow_checkout(tmp_path / "clone")
    environment = clean() | {"SLOW_SECONDS": "6"}
    log = tmp_path / "log"
    with log.open("w") as written:
        running = subprocess.Popen(
            command("all_mujoco", config),
            cwd=folder,
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        try:
            checkpoint = folder / RUN / "checkpoint.safetensors"
            wait_until(checkpoint.exists, 180)
            cluster.kill_node()
            cluster.wait_for("down", 60)
            cluster.start_node()
            assert running.wait(600) == 0, log.read_text()[-4000:]
        finally:
            running.kill()
    policy = (folder / RUN / "policy.safetensors").read_bytes()
    assert policy == expected_policy(tmp_path / "other")


def wait_until(there: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.5)
