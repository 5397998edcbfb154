"""Data without velocities: the data set of the MuJoCo family, with these columns left out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.behaviours import d4rl_levels
from bench.behaviours.manifest import described
from bench.behaviours.zoo import Zoo
from bench.datasets.storage import read_manifest, save
from bench.datasets.trajectories import Trajectories
from bench.environments.positions import bases, positions_of
from bench.tasks.registry import Task, registered_domain, task_by_name


def whole_task(task: Task) -> Task:
    """Return the task of the same environment and data with velocities."""
    domain = registered_domain(bases()[task.domain.environment])
    return task_by_name(f"{domain}-{task.kind}")


def without_velocities(data: Trajectories, count: int) -> Trajectories:
    """Return the same episodes with the first `count` numbers of each observation."""
    final = data.final_observations
    return replace(
        data,
        observations=data.observations[:, :count].copy(),
        observation_mean=data.observation_mean[:count].copy(),
        observation_std=data.observation_std[:count].copy(),
        final_observations=None if final is None else final[:, :count].copy(),
    )


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Generate the data set with velocities, leave them out, and write the rest. The arguments are those of
    `bench.behaviours.generate.generate`.
    """
    with tempfile.TemporaryDirectory() as whole:
        full = d4rl_levels.generate(whole_task(task), steps, seed, Path(whole), progress, zoo)
        data = without_velocities(full, positions_of(task.domain.environment))
        parts = read_manifest(Path(whole))["parts"]
    base = whole_task(task).domain.name
    save(data, folder, described(task, seed, steps_per_part=steps, parts=parts, zoo=base))
    return data
