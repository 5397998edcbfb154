"""Fixtures that several files share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import settings

from bench.behaviours.actor import Actor
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.report.scores import collect
from bench.runs import record
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from bench.tasks.registry import task_by_name

settings.register_profile("bench", deadline=None, derandomize=True, database=None, max_examples=50)
settings.load_profile("bench")

Cells = dict[tuple[str, str], list[float]]  # task and method -> the score of each seed

# a whole record's content, apart from its identity
RECORD: dict[str, Any] = {
    "module": "bc",
    "status": "done",
    "diverged_at": None,
    "protocol": {
        "environment": "Hopper-v4",
        "source": "generated",
        "target": 3600.0,
        "episodes": 3,
        "curve_episodes": 0,
        "num_envs": 2,
        "rolled_out": True,
    },
    "evaluations": [
        {
            "step": 20,
            "target": 3600.0,
            "final": True,
            "returns": [10.0, 20.0, 60.0],
            "lengths": [11, 12, 16],
        }
    ],
    "training": {"steps": 20, "losses": [{"step": 20, "loss": 0.25}]},
    "config": {"width": 32},
    "hashes": {"data": "d0", "code": {"bench/runs/train.py": "c0"}, "policy": "f0"},
    "versions": {"gymnasium": "1.0.0", "mujoco": "3.4.0"},
    "device": "cpu",
}

# a config with two declared methods and two controls; `plan` lays it out
CONFIG: dict[str, Any] = {
    "name": "test",
    "suites": {
        "mujoco": {
            "tasks": ["hopper-medium-expert", "hopper-medium"],
            "methods": ["dt", "bc", "bc10", "behaviour"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": [0, 1],
        }
    },
    "training": {"steps": 50},
    "methods": {
        "dt": {"module": "dt", "label": "DT", "quoted": {"table": "Table 2", "method": "DT"}},
        "bc": {"module": "bc", "label": "BC", "quoted": {"table": "Table 2", "method": "BC"}},
        "bc10": {
            "module": "bc",
            "label": "10%BC",
            "quoted": {"table": "Table 3", "method": "10%BC"},
        },
        "behaviour": {"module": "behaviour", "label": "Behaviour", "steps": 0},
    },
}


def random_episodes(
    lengths: list[int], terminal: list[bool], observation_size: int, action_size: int
) -> Trajectories:
    rng = np.random.default_rng(7)
    steps, last = sum(lengths), np.cumsum(lengths) - 1
    ends = np.zeros((2, steps), dtype=np.bool_)
    ends[0, last[terminal]] = True
    ends[1, last[~np.array(terminal)]] = True
    return from_arrays(
        rng.normal(2.0, 3.0, (steps, observation_size)).astype(np.float32),
        rng.uniform(-1, 1, (steps, action_size)).astype(np.float32),
        rng.normal(1.0, 1.0, steps).astype(np.float32),
        terminals=ends[0],
        timeouts=ends[1],
    )


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """Handle SIGINT as in the foreground of a shell. In the background of a script it is ignored, also by the processes
    that tests start, and tests that send it would fail.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def no_wait_for_the_disk() -> Iterator[None]:
    """Writing waits until the disk has each file, so that a power cut loses nothing. No test cuts the power."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As a run on a CPU has: with more, products of other sizes are cut elsewhere and round
    otherwise.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def toy() -> Trajectories:
    """Four episodes, 43 steps, observations of 3 numbers, actions of 2."""
    return random_episodes([12, 7, 15, 9], [False, True, True, False], 3, 2)


@pytest.fixture(scope="session")
def hopper_like() -> Trajectories:
    """Random episodes with the shapes of Hopper."""
    return random_episodes([30, 20, 25], [True, True, False], 11, 3)


@pytest.fixture(scope="session")
def make_actor() -> Callable[[int], Actor]:
    """Untrained behaviour policies for Hopper, another one for every seed."""

    def make(seed: int) -> Actor:
        rng = np.random.default_rng(seed)

        def layer(inputs: int, outputs: int) -> tuple[Any, Any]:
            weight = rng.normal(0, 1 / np.sqrt(inputs), (inputs, outputs)).astype(np.float32)
            return weight, rng.normal(0, 0.1, outputs).astype(np.float32)

        return Actor(hidden=(layer(11, 16), layer(16, 16)), mean=layer(16, 3), log_std=layer(16, 3))

    return make


@pytest.fixture(scope="session")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The runs of CONFIG."""
    root = tmp_path_factory.mktemp("repository")
    (root / "baselines").mkdir()
    for name in ("bc", "behaviour"):
        (root / "baselines" / f"{name}.py").touch()
    return make_plan(CONFIG, root=root)


@pytest.fixture
def write_record(tmp_path: Path) -> Callable[..., Path]:
    """Write a record below tmp_path; keywords replace fields of RECORD."""

    def write(identity: Identity, **changes: Any) -> Path:
        return write_below(tmp_path, identity, changes)

    return write


def write_below(folder: Path, identity: Identity, changes: dict[str, Any]) -> Path:
    record.write(folder / identity.folder(), identity, **(RECORD | changes))
    return folder / identity.folder() / record.RESULT


@pytest.fixture
def write_runs(tmp_path: Path) -> Callable[..., list[Path]]:
    """Write records with these normalised scores, one a seed, below tmp_path."""

    def write(cells: Cells, **variant: Any) -> list[Path]:
        return write_scores(tmp_path, cells, **variant)

    return write


def write_scores(
    folder: Path,
    cells: Cells,
    reward: str = "dense",
    data_percent: float = 100.0,
    diverged: tuple[str, ...] = (),
    **protocol: Any,
) -> list[Path]:
    paths = []
    for (task, method), scores in cells.items():
        domain = task_by_name(task).domain
        for seed, score in enumerate(scores):
            share = score / 100
            earned = (1 - share) * domain.reference_min + share * domain.reference_max
            evaluation = RECORD["evaluations"][0] | {"returns": [earned], "lengths": [9]}
            changes = {
                "protocol": RECORD["protocol"] | {"episodes": 1} | protocol,
                "status": "diverged" if method in diverged else "done",
                "diverged_at": 7 if method in diverged else None,
                "evaluations": [evaluation],
            }
            identity = Identity("test", task, reward, data_percent, method, seed)
            paths.append(write_below(folder, identity, changes))
    return paths


@pytest.fixture(scope="session")
def scored(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., pd.DataFrame]:
    """Collect the scores of such records."""
    known: dict[str, pd.DataFrame] = {}

    def collect_scores(cells: Cells, **variant: Any) -> pd.DataFrame:
        key = repr((cells, variant))
        if key not in known:
            folder = tmp_path_factory.mktemp("scored")
            known[key] = collect(write_scores(folder, cells, **variant), plan)
        return known[key].copy()

    return collect_scores
