"""A run imports the environment of its own family, and no other's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.behaviours.generate import generate
from bench.core.code import ROOT
from bench.datasets.build import from_arrays
from bench.datasets.storage import save
from bench.tasks.registry import FAMILIES, task_by_name

PROGRAM = """
import sys
from bench.cli.main import main
run, data = sys.argv[1:]
train = ["train", "--run", run, "--data", data, "--module", "bc", "--steps", "1"]
assert main([*train, "--options", '{"width": 8, "layers": 1}']) == 0
assert main(["evaluate", "--run", run, "--episodes", "1", "--num-envs", "1", "--max-steps", "3"]) == 0
print("loaded", *sys.modules)
"""
SIMULATORS = {
    "mujoco": {"mujoco"},
    "atari": {"ale_py", "cv2"},
    "key_to_door": set(),
    "graph": set(),
    "luck": set(),
    "positions": {"mujoco"},
    "gusts": {"mujoco"},
}


def hopper(folder: Path) -> None:
    """Write five steps of random numbers with the shapes of Hopper."""
    random = np.random.default_rng(0)
    data = from_arrays(
        random.normal(size=(5, 11)).astype(np.float32),
        random.uniform(-1, 1, (5, 3)).astype(np.float32),
        np.ones(5, np.float32),
        terminals=np.arange(5) == 4,
        timeouts=np.zeros(5, np.bool_),
    )
    save(data, folder, {"source": "generated", "task": "hopper-medium"})


def loaded(folder: Path, task: str) -> set[str]:
    """Return the modules that a training and an evaluation on a task load."""
    if task == "hopper-medium":
        hopper(folder / "data")
    else:
        generate(task_by_name(task), 1200, 0, folder / "data")
    run = folder / f"results/test/runs/{task}/dense/100/bc/0"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(run), str(folder / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "result.json").read_text())["status"] == "done"
    return set(done.stdout.splitlines()[-1].split()[1:])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "own"),
    [("hopper-medium", "mujoco"), ("key_to_door-1k", "key_to_door"), ("graph1-walks", "graph")],
)
def test_a_run_imports_its_own_family_alone(task: str, own: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, task)
    assert FAMILIES[own].environment in found
    for name, family in FAMILIES.items():
        if name != own:
            assert not found & ({family.environment} | SIMULATORS[name] - SIMULATORS[own])
    generators = {family.generator for family in FAMILIES.values()}
    assert not found & generators
