"""A training that finds no more memory fails with its method's name and a way out, and resumes where there is more."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bench.core.code import ROOT
from bench.methods import checkpoints
from bench.methods.context import SNAPSHOTS
from bench.runs.policies import POLICY
from tests.helpers.runs import run_folder

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere RLIMIT_AS limits nothing"),
]
# BC that keeps 100 MB more after each log line. Nothing writes to them, so they take address space only
METHOD = """
import numpy as np
import torch
from baselines import bc
from baselines.bc import Config, load

kept = []

def train(data, config, context):
    log = context.log
    def keep(step, **values):
        log(step, **values)
        kept.append({array})
    context.log = keep
    return bc.train(data, config, context)
"""
# the command, with a checkpoint after 20 ms instead of a minute, and a limit above what it needs to start
PROGRAM = """
import resource, sys
from functools import partial
from pathlib import Path
import torch
import baselines
baselines.__path__.append(sys.argv.pop(1))
import bench.runs.train as train
from bench.cli.main import main
train.Context = partial(train.Context, save_every=0.02)
if room := int(sys.argv.pop(1)):
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + room, taken + room))
sys.exit(main())
"""
ROOM = 1_200_000_000  # bytes


def trained(folder: Path, data: Path, room: int = 0) -> subprocess.CompletedProcess[str]:
    words = ["train", "--run", run_folder(folder, "mine"), "--data", data, "--module", "mine"]
    words += ["--steps", "1000", "--curve", "0.1", "--options", '{"width": 16, "batch_size": 8}']
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, folder.parent / "code", str(room), *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("array", "error"),
    [
        ("np.empty(100_000_000, np.uint8)", "MemoryError: Unable to allocate"),
        ("torch.empty(100_000_000, dtype=torch.uint8)", "can't allocate memory"),
    ],
    ids=["numpy", "torch"],
)
def test_a_training_without_memory_says_so_and_resumes(
    array: str, error: str, hopper_data: Path, tmp_path: Path
) -> None:
    for name in ("code", "limited", "whole"):
        (tmp_path / name).mkdir()
    (tmp_path / "code" / "mine.py").write_text(METHOD.format(array=array))

    failed = trained(tmp_path / "limited", hopper_data, room=ROOM)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert re.match(r"error: method mine: baselines/bc\.py:\d+: ", failed.stderr)
    assert error in failed.stderr
    advice = failed.stderr.splitlines()[-1]
    assert advice.startswith("  not enough memory: run fewer jobs at once")
    assert advice.endswith("the same command continues from the last checkpoint")

    run = run_folder(tmp_path / "limited", "mine")
    found = checkpoints.read(run)
    assert found is not None
    step = found[0]["step"]
    assert 0 < step < 1000
    assert not list(run.rglob(".*.tmp")) + list(run.glob(POLICY))

    resumed = trained(tmp_path / "limited", hopper_data)
    assert resumed.returncode == 0, resumed.stderr
    assert f"resuming at step {step}/1000" in resumed.stdout
    whole = trained(tmp_path / "whole", hopper_data)
    assert whole.returncode == 0, whole.stderr
    expected = run_folder(tmp_path / "whole", "mine")
    for name in (POLICY, *(f"{SNAPSHOTS}/{path.name}" for path in (run / SNAPSHOTS).iterdir())):
        assert (run / name).read_bytes() == (expected / name).read_bytes()
    history = (run / "train.log").read_text()
    assert history.index("not enough memory") < history.index("resuming at step")
