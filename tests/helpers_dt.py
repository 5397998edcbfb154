"""Small data, tasks and contexts for the tests of methods."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from bench.context import Context
from bench.datasets.trajectories import Trajectories, from_arrays
from bench.tasks import Task, task_by_name

OBS, ACT = 3, 2


def make_data(
    lengths: tuple[int, ...] = (5, 9, 3, 7),
    observation_size: int = OBS,
    action_size: int = ACT,
    seed: int = 0,
) -> Trajectories:
    """Return random episodes with actions that depend on observations; every second one is cut by
    the time limit. Rewards are multiples of 1/4, so that their sums are exact.
    """
    generator = np.random.default_rng(seed)
    steps = sum(lengths)
    observations = generator.normal(2.0, 3.0, (steps, observation_size))
    mix = generator.normal(0.0, 0.3, (observation_size, action_size))
    ends = np.cumsum(lengths) - 1
    terminals, timeouts = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
    terminals[ends[::2]] = True
    timeouts[ends[1::2]] = True
    return from_arrays(
        observations.astype(np.float32),
        np.tanh(observations @ mix).astype(np.float32),
        (generator.integers(-8, 13, steps) / 4).astype(np.float32),
        terminals,
        timeouts,
    )


def numbered(lengths: tuple[int, ...], rewards: list[float] | None = None) -> Trajectories:
    """Return episodes whose actions say which step (0) of which episode (1) they are."""
    steps = sum(lengths)
    ends = np.cumsum(lengths) - 1
    terminals = np.zeros(steps, dtype=bool)
    terminals[ends] = True
    actions = np.stack([np.arange(steps), np.repeat(np.arange(len(lengths)), lengths)], axis=1)
    return from_arrays(
        np.arange(steps, dtype=np.float32)[:, None],
        actions.astype(np.float32),
        np.array(rewards if rewards is not None else np.ones(steps), dtype=np.float32),
        terminals,
        np.zeros(steps, dtype=bool),
    )


def make_task(**constants: Any) -> Task:
    """Return hopper-medium with some constants changed."""
    task = task_by_name("hopper-medium")
    return replace(task, domain=replace(task.domain, **constants))


def make_context(seed: int = 0, steps: int = 20, **fields: Any) -> Context:
    """Return a context of toy size."""
    return Context(**{"task": make_task(horizon=30), "seed": seed, "steps": steps, **fields})


def saved_bytes(policy: Any, folder: Path) -> bytes:
    """Return what a policy's `save` writes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.safetensors"
    policy.save(path)
    return path.read_bytes()


def episode_slices(data: Trajectories) -> list[slice]:
    """Return where each episode lies in the flat arrays."""
    return [slice(int(start), int(stop)) for start, stop in pairwise(data.bounds)]
