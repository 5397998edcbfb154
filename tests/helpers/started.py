"""A folder in which a small pipeline has begun: of three runs of BC one is finished."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from bench.core.code import ROOT
from bench.datasets import storage
from bench.runs.evaluate import evaluate_run
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from bench.runs.planned import manifest_of
from bench.runs.train import train_run
from tests.helpers.dt import make_data

STEPS = 40
OPTIONS = {"width": 8, "layers": 1, "batch_size": 4}


def started_config() -> dict[str, Any]:
    """Return the config: the suites `main`, of three seeds, and `again`, of its first seed."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    axes = {
        "tasks": ["hopper-medium"],
        "methods": ["bc"],
        "rewards": ["dense"],
        "data_percents": [100],
    }
    axes |= {"baselines": False, "artifacts": ["table2"]}
    config |= {
        "name": "small",
        "suites": {"main": axes | {"seeds": [0, 1, 2]}, "again": axes | {"seeds": [0]}},
        "methods": {"bc": {"module": "bc", "label": "BC", "steps": STEPS, "options": OPTIONS}},
    }
    config["training"] = config["training"] | {"curve": [0.5]}
    config["evaluation"] = config["evaluation"] | {
        "episodes": 2,
        "num_envs": 2,
        "curve_episodes": 1,
        "max_steps": 5,
        "domains": {},
    }
    return copy.deepcopy(config)


def started_plan() -> Plan:
    return make_plan(started_config())


def run_of(seed: int) -> Identity:
    return Identity("small", "hopper-medium", "dense", 100.0, "bc", seed)


def make_data_here() -> Path:
    """Write the data set into the working directory."""
    folder = manifest_of(started_config(), "hopper-medium").parent
    data = make_data(observation_size=11, action_size=3)
    storage.save(data, folder, {"source": "generated", "task": "hopper-medium"})
    return folder


def train_here(seed: int) -> None:
    """Train a run in the working directory."""
    data = manifest_of(started_config(), "hopper-medium").parent
    train_run(run_of(seed).folder(), data, "bc", OPTIONS, STEPS, (0.5,), "cpu")


def start_here() -> None:
    """Make the data set and finish the first run, in the working directory."""
    make_data_here()
    train_here(0)
    evaluate_run(run_of(0).folder(), 2, 2, 1, "cpu", max_steps=5)
