"""What the manifests of all generated data sets say alike."""

from __future__ import annotations

from typing import Any

from bench.behaviours.zoo import Checkpoint
from bench.environments.vector import simulator_versions
from bench.tasks.registry import Task, family_of


def described(task: Task, seed: int, **more: Any) -> dict[str, Any]:
    """Return the manifest of a generated data set, without what its arrays say."""
    return {
        "source": "generated",
        "task": task.name,
        "environment": task.domain.environment,
        "meaning": family_of(task).kinds[task.kind].meaning,
        "seed": seed,
        "simulator": simulator_versions(task.domain.environment),
        **more,
    }


def policy(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a manifest says of a behaviour policy."""
    return {
        "policy": checkpoint.file,
        "sha256": checkpoint.sha256,
        "score": checkpoint.score,
    }


def whole_episodes(task: Task, steps: int) -> int:
    """Return how many episodes of the horizon's length these steps are.

    Raises:
        ValueError: they are less than one episode.
    """
    episodes = steps // task.domain.horizon
    if episodes < 1:
        raise ValueError(f"{steps} steps are less than an episode of {task.domain.horizon}")
    return episodes
