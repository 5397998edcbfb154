"""The common entries in the manifests of generated data sets."""

from __future__ import annotations

from typing import Any

from bench.behaviours.zoo import Snapshot
from bench.environments.vector import simulator_versions
from bench.tasks.registry import Task, family_of


def described(task: Task, seed: int, **more: Any) -> dict[str, Any]:
    """Return the manifest of a generated data set, without the entries that come from its arrays."""
    return {
        "source": "generated",
        "task": task.name,
        "environment": task.domain.environment,
        "meaning": family_of(task).kinds[task.kind].meaning,
        "seed": seed,
        "simulator": simulator_versions(task.domain.environment),
        **more,
    }


def policy(snapshot: Snapshot) -> dict[str, Any]:
    """Return the entries of a manifest about a behaviour policy."""
    return {
        "policy": snapshot.file,
        "sha256": snapshot.sha256,
        "score": snapshot.score,
    }


def whole_episodes(task: Task, steps: int) -> int:
    """Return the number of whole episodes in these steps, if each episode lasts to the horizon.

    Raises:
        ValueError: there are fewer steps than in one episode.
    """
    episodes = steps // task.domain.horizon
    if episodes < 1:
        raise ValueError(
            f"{steps} steps are too few: an episode of {task.name} has {task.domain.horizon} steps"
        )
    return episodes
