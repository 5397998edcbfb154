"""An episode of a trained policy, as pictures."""

from __future__ import annotations

from pathlib import Path

from bench.core.machine import prepare
from bench.environments.video import U8, episode
from bench.methods.loader import load_method
from bench.runs.evaluate import checked_training
from bench.runs.identity import identity_of
from bench.runs.rollout import episode_seed, policy_seed
from bench.runs.train import POLICY
from bench.tasks.registry import task_by_name


def episode_frames(folder: Path, index: int, most: int | None = None) -> list[U8]:
    """Return pictures of an episode of the evaluation, RGB (height, width, 3), played again; alone,
    so that the last bits of what the network says may differ from those of the evaluation.

    Args:
        folder: the run's folder.
        index: which episode.
        most: at most so many steps of it, from the start; None: all.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: the policy is damaged.
        UnknownEnvironment: the environment gives no pictures.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task, method = task_by_name(identity.task), load_method(training["module"])
    prepare("cpu")
    return episode(
        method.load(folder / POLICY, "cpu"),
        task.domain.environment,
        seed=episode_seed(task.domain.environment, index),
        target=task.domain.target_return,
        noise=policy_seed(task.domain.environment, identity.seed, index),
        most=most,
    )
