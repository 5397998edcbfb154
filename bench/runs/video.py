"""A video of an episode: the frames of a trained policy's episode."""

from __future__ import annotations

from pathlib import Path

from bench.core.machine import prepare
from bench.environments.video import U8, episode
from bench.methods.loader import load_method
from bench.runs.evaluate import checked_training
from bench.runs.identity import identity_of
from bench.runs.policies import POLICY
from bench.runs.rollout import episode_seed, policy_seed
from bench.tasks.registry import task_by_name


def episode_frames(folder: Path, index: int, max_steps: int | None = None) -> list[U8]:
    """Run one episode of the evaluation again and return its frames, RGB (height, width, 3).

    The episode runs alone, in a batch of one. So the last bits of the network's outputs may differ
    from those of the evaluation.

    Args:
        folder: the run's folder.
        index: of the episode.
        max_steps: stop after this many steps; None: run the whole episode.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: the policy is damaged.
        UnknownEnvironment: the environment cannot render frames.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task = task_by_name(identity.task, described=training["task"])
    method = load_method(training["module"])
    prepare("cpu")
    asked = training["config"].get("target_return")
    return episode(
        method.load(folder / POLICY, "cpu"),
        task.domain.environment,
        seed=episode_seed(task.domain.environment, index),
        target=task.domain.target_return if asked is None else asked,
        noise=policy_seed(task.domain.environment, identity.seed, index),
        most=max_steps,
    )
