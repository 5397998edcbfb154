"""A video of an episode of a trained policy, alone or beside the best episode of its data."""

from __future__ import annotations

from pathlib import Path

from bench.core.machine import prepare
from bench.datasets import storage
from bench.environments.video import U8, episode
from bench.methods.loader import load_method
from bench.runs.data_video import best_episode
from bench.runs.evaluate import checked_training
from bench.runs.identity import identity_of
from bench.runs.policies import POLICY
from bench.runs.renderer import choose_renderer
from bench.runs.rollout import episode_seed, policy_seed
from bench.runs.side_by_side import beside
from bench.runs.video_files import check_video, write_video
from bench.tasks.registry import task_by_name

HEIGHT = 320  # pixels; MuJoCo draws 480, and a thousand such frames would take 700 MB


def record_video(
    run: Path,
    out: Path,
    *,
    index: int = 0,
    max_steps: int | None = None,
    fps: float = 8.0,
    every: int = 1,
    target: float | None = None,
    data: Path | None = None,
) -> None:
    """Play an episode of the evaluation again, and write it as a video.

    Args:
        run: the run's folder.
        out: .gif, .webm or .mp4 (`write_video`).
        index: of the episode.
        max_steps: stop after this many steps; None: run the whole episode.
        fps: frames per second.
        every: keep the frame after each `every`-th step.
        target: the target return, raw; None: that of the evaluation.
        data: folder of a data set whose best episode stands beside it; None: the episode alone.

    Raises:
        FileNotFoundError: the run was not trained, or there is no data set.
        DamagedFile: the policy or the data set is damaged.
        UnknownEnvironment: the environment cannot render frames.
        ValueError: an argument is not as above, the data are of another environment, or this machine cannot draw.
    """
    check_video(out, fps)
    if every < 1:
        raise ValueError(f"every must be at least 1, not {every}")
    identity = identity_of(run.absolute())
    task = task_by_name(identity.task, described=checked_training(run)["task"])
    loaded = None if data is None else storage.load(data)
    if data is not None:
        other = task_by_name(str(storage.read_manifest(data).get("task")), folder=data)
        if other.domain.environment != task.domain.environment:
            raise ValueError(
                f"{data} is of {other.domain.environment}, and {run} of {task.domain.environment}"
            )
    rewards: list[float] = []
    frames = episode_frames(run, index, max_steps, every=every, target=target, rewards=rewards)
    if loaded is not None:
        best = best_episode(loaded, task, max_steps, every, HEIGHT)
        asked = _target(run) if target is None else target
        so_far = f" after {len(rewards):,} steps" if max_steps is not None else ""
        captions = (
            f"{identity.method}, asked for {asked:,.0f}: return {sum(rewards):,.0f}{so_far}",
            f"best episode of {task.name}: return {best.total:,.0f}",
        )
        frames = beside(frames, best.frames, captions)
    write_video(frames, out, fps)


def episode_frames(
    folder: Path,
    index: int,
    max_steps: int | None = None,
    *,
    every: int = 1,
    target: float | None = None,
    rewards: list[float] | None = None,
) -> list[U8]:
    """Run one episode of the evaluation again and return its frames, RGB (height, width, 3).

    The episode runs alone, in a batch of one. So the last bits of the network's outputs may differ
    from those of the evaluation.

    Args:
        folder: the run's folder.
        index: of the episode.
        max_steps: stop after this many steps; None: run the whole episode.
        every: keep the frame after each `every`-th step, and the last one.
        target: the target return, raw; None: that of the evaluation.
        rewards: gets the reward of each step.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: the policy is damaged.
        UnknownEnvironment: the environment cannot render frames.
        ValueError: this machine cannot draw the environment.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task = task_by_name(identity.task, described=training["task"])
    choose_renderer(task.domain.environment)
    method = load_method(training["module"])
    prepare("cpu")
    return episode(
        method.load(folder / POLICY, "cpu"),
        task.domain.environment,
        seed=episode_seed(task.domain.environment, index),
        target=_target(folder) if target is None else target,
        noise=policy_seed(task.domain.environment, identity.seed, index),
        most=max_steps,
        every=every,
        height=HEIGHT,
        rewards=rewards,
    )


def _target(folder: Path) -> float:
    """Return the target return of a run's evaluation."""
    training = checked_training(folder)
    asked = training["config"].get("target_return")
    task = task_by_name(identity_of(folder.absolute()).task, described=training["task"])
    return float(task.domain.target_return if asked is None else asked)
