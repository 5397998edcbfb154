"""A family of tasks, an artifact and a diagnostic are drop-ins: their own files, and nothing that is
finished is planned again.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.pipeline import checkout, clean, jobs, snakemake, tiny

pytestmark = pytest.mark.slow

FAMILY = """
[family]
name = "bandit"
label = "Bandit"
category = "Toys"
environment = "bench.environments.bandit"
generator = "bench.behaviours.bandit_data"
simulators = ["gymnasium"]
unit = {name = "Share of pulls that pay, in per cent", data = "no data of the paper", source = "bandit"}

[kinds]
random = {label = "Random", steps = 400, meaning = "pulls of random arms"}

[domains.twoarms]
label = "Two arms"
environment = "bench/TwoArms-v0"
horizon = 4
target_return = 4.0
return_scale = 1.0
reference_min = 0.0
reference_max = 4.0
"""

ENVIRONMENT = '''
"""Two arms; the second one pays."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete


class TwoArms(gymnasium.Env):
    """Four pulls an episode."""

    def __init__(self) -> None:
        self.observation_space = Box(0, 255, (1,), np.uint8)
        self.action_space = Discrete(2)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(1, np.uint8), {}

    def step(self, action: Any) -> Any:
        return np.zeros(1, np.uint8), float(action == 1), False, False, {}


def register() -> None:
    """Make the id known to Gymnasium."""
    if "bench/TwoArms-v0" not in gymnasium.registry:
        entry = "bench.environments.bandit:TwoArms"
        gymnasium.register("bench/TwoArms-v0", entry_point=entry, max_episode_steps=4)
'''

GENERATOR = '''
"""Pulls of random arms."""

import numpy as np

from bench.behaviours.manifest import described
from bench.core.seeds import generator
from bench.datasets.build import from_arrays
from bench.datasets.storage import save


def generate(task, steps, seed, folder, progress=None, zoo=None):
    """Write a data set."""
    actions = generator("bandit", seed).integers(2, size=steps)
    ends = np.arange(steps) % 4 == 3
    data = from_arrays(
        np.zeros((steps, 1), np.uint8),
        actions,
        (actions == 1).astype(np.float32),
        np.zeros(steps, bool),
        ends,
        action_range=(0, 1),
        discrete=True,
        final_observations=np.zeros((steps // 4, 1), np.uint8),
    )
    save(data, folder, described(task, seed))
    return data
'''

ARTIFACT = '''
"""How many runs there are."""

import pandas as pd

from bench.report.artifact import Artifact


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Count runs."""
    count = str(scores["kind"].eq("score").sum())
    return Artifact("Runs", ["Runs"], [[count]], [], pd.DataFrame({"runs": [count]}))
'''

DIAGNOSTIC = '''
"""How large a policy's weights are."""

from typing import Any


def measure(policy: Any, task: Any, data: Any, *, episodes: int, seed: int) -> list[dict[str, Any]]:
    """Return one row."""
    about = {"measure": "episodes of the data", "group": "all", "x": None, "y": None, "spread": None}
    return [about | {"value": float(data.episodes)}]
'''


def lay(folder: Path, path: str, text: str) -> None:
    """Write a new file: one that no clone holds."""
    assert not (folder / path).exists()
    (folder / path).write_text(text.lstrip())


def add_block(folder: Path, path: str, block: str) -> None:
    with (folder / path).open("a") as file:
        file.write(f"\n{block}")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which a suite on Hopper is finished."""
    folder = checkout(tmp_path_factory.mktemp("drop-in") / "clone")
    snakemake(folder, "all_mujoco", config=tiny(folder))
    return folder


def planned(folder: Path, target: str, config: str) -> dict[str, int]:
    return jobs(snakemake(folder, target, "--dry-run", config=config))


TYPING_ERRORS = {
    "bench/tasks/graph.toml": ("position =", "positoin =", "family: unknown entry 'positoin'"),
    "bench/report/artifacts/artifacts.toml": ("title =", "titel =", "score_cost: unknown entry"),
    "bench/runs/diagnostics/diagnostics.toml": ("needs =", "neds =", "critic must have the entr"),
    "bench/report/claims/claims.yaml": (
        " statistic: d",
        " statistik: d",
        "claim C1: check 'DT - CQL': unknown k",
    ),
}


@pytest.mark.parametrize("path", TYPING_ERRORS)
def test_a_typing_error_in_a_registry_is_one_line(finished: Path, path: str) -> None:
    """Also where it is read before anything runs: by every command, and by the workflow."""
    old, new, message = TYPING_ERRORS[path]
    text = (finished / path).read_text()
    try:
        (finished / path).write_text(text.replace(old, new, 1))
        plan = snakemake(finished, "all_mujoco", "--dry-run", config=tiny(finished), check=False)
        command = [sys.executable, "-m", "bench", "--help"]
        bench = subprocess.run(command, cwd=finished, capture_output=True, text=True, env=clean())
    finally:
        (finished / path).write_text(text)
    assert f"{finished / path}: {message}" in plan
    assert "Traceback" not in plan
    if not path.endswith("claims.yaml"):  # the commands read it where they need it
        assert bench.returncode == 1
        assert bench.stderr.startswith(f"error: {finished / path}: ")
        assert bench.stderr.count("\n") == 1


def test_a_family_is_its_own_files(finished: Path) -> None:
    before = set(finished.rglob("*.py"))
    lay(finished, "bench/tasks/bandit.toml", FAMILY)
    lay(finished, "bench/environments/bandit.py", ENVIRONMENT)
    lay(finished, "bench/behaviours/bandit_data.py", GENERATOR)
    assert planned(finished, "all_mujoco", "config/tiny.yaml") == {}
    suite = {
        "tasks": ["twoarms-random"],
        "methods": ["bc", "uniform"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
    }
    config = tiny(finished, suites={"bandit": suite})
    plan = planned(finished, "all_bandit", config)
    assert (plan["generate"], plan["train"], plan["evaluate"]) == (1, 4, 4)
    snakemake(finished, "all_bandit", config=config)
    table = (finished / "reports/tiny/bandit/table2.md").read_text()
    assert "Two arms" in table
    assert "Share of pulls that pay, in per cent" in table
    assert planned(finished, "all_mujoco", config) == {}
    assert set(finished.rglob("*.py")) - before == {
        finished / "bench/environments/bandit.py",
        finished / "bench/behaviours/bandit_data.py",
    }


def test_an_artifact_is_one_file_and_one_block(finished: Path) -> None:
    config = tiny(finished)
    lay(finished, "bench/report/artifacts/census.py", ARTIFACT)
    block = '[census]\ntitle = "Census"\ncaption = "How many runs there are."\nfigure = false\n'
    add_block(finished, "bench/report/artifacts/artifacts.toml", block)
    assert planned(finished, "all_mujoco", config) == {}
    config = tiny(finished, suites={"mujoco": {"artifacts": ["table2", "census"]}})
    plan = planned(finished, "all_mujoco", config)
    assert "train" not in plan
    assert "evaluate" not in plan
    assert plan["census"] == 1
    snakemake(finished, "all_mujoco", config=config)
    assert "| 2" in (finished / "reports/tiny/mujoco/census.md").read_text()


def test_a_diagnostic_is_one_file_and_one_block(finished: Path) -> None:
    config = tiny(finished)
    lay(finished, "bench/runs/diagnostics/census.py", DIAGNOSTIC)
    block = '[census]\nneeds = "act"\nmeasures = "the episodes of the data"\n'
    add_block(finished, "bench/runs/diagnostics/diagnostics.toml", block)
    assert "train" not in planned(finished, "all_mujoco", config)
    config = tiny(finished, suites={"mujoco": {"diagnostic": "census"}})
    plan = planned(finished, "all_mujoco", config)
    assert "train" not in plan
    assert "evaluate" not in plan
    assert plan["diagnose"] == 2
    snakemake(finished, "all_mujoco", config=config)
    found = list((finished / "results/tiny").rglob("census.json"))
    assert len(found) == 2
