"""The best episode of a data set as frames, drawn from what the data hold.

- MuJoCo: the recorded observations set the simulator's state, and the simulator draws it. Observations of Hopper,
  HalfCheetah and Walker2d leave out how far the body has come; that is the sum of its velocity over time.
- Games: the recorded frames, 84 x 84, grey.
- Key-to-Door: what the agent sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.environments.vector import make
from bench.environments.video import U8, fitted
from bench.runs.renderer import choose_renderer
from bench.tasks.environment_id import gymnasium_id
from bench.tasks.registry import Task

SCALE = 24  # pixels of a cell of what the agent of Key-to-Door sees


@dataclass(frozen=True)
class BestEpisode:
    """The episode with the highest return of a data set.

    Attributes:
        number: of the episode.
        total: its return, raw; on games of the rewards in the data, which are clipped.
        frames: RGB (height, width, 3).
    """

    number: int
    total: float
    frames: list[U8]


def best_episode(
    data: Trajectories,
    task: Task,
    most: int | None = None,
    every: int = 1,
    height: int | None = None,
) -> BestEpisode:
    """Return the best episode of a data set; of several, the first.

    Args:
        data: of the task.
        task: names the environment.
        most: stop after this number of steps; None: the whole episode.
        every: keep each `every`-th frame, and the last one.
        height: of the frames; larger ones are made smaller.

    Raises:
        ValueError: the environment cannot be drawn from its observations.
        UnknownEnvironment: the environment cannot be made here.
    """
    number = int(np.argmax(data.returns))
    start, stop = data.episode_starts[number : number + 2].tolist()
    last = stop - start - 1 if most is None else min(most, stop - start - 1)
    shown = np.unique([*range(0, last + 1, every), last])
    steps = start + shown
    if data.stack > 1:
        grey = data.stacked(steps)[:, -1]
        frames = [np.repeat(frame[:, :, None], 3, axis=2) for frame in grey]
    elif data.observations.dtype == np.uint8 and data.observations.ndim == 4:
        frames = [_enlarged(picture) for picture in data.observations[steps]]
    else:
        observations = np.asarray(data.observations[start : start + last + 1])
        frames = _simulated(observations, task.domain.environment, shown, height)
    return BestEpisode(number, float(data.returns[number]), frames)


def _enlarged(picture: Array) -> U8:
    """Return what the agent sees, (side, side, 3) of bytes, with large cells."""
    if picture.shape[2] != 3:
        raise ValueError(f"observations of shape {picture.shape} are no pictures in colour")
    return np.asarray(picture, dtype=np.uint8).repeat(SCALE, axis=0).repeat(SCALE, axis=1)


def _simulated(observations: F32, environment: str, shown: I64, height: int | None) -> list[U8]:
    """Return the frames of recorded observations (T, obs) at the steps `shown`."""
    name = gymnasium_id(environment)
    if name not in PLACES:
        raise ValueError(
            f"the data of {environment} cannot be drawn from their observations; there are videos of data of "
            f"{', '.join(PLACES)}, games and Key-to-Door"
        )
    choose_renderer(environment)
    scene = make(environment, render_mode="rgb_array")
    try:
        scene.reset(seed=0)
        inner = scene.unwrapped
        states = PLACES[name](inner, observations.astype(np.float64))
        frames = []
        for step in shown.tolist():
            positions, velocities, goal = states(step)
            if goal is not None:
                inner.data.mocap_pos[0, :2] = goal
            inner.set_state(positions, velocities)
            frames.append(fitted(np.array(scene.render(), dtype=np.uint8), height))
        return frames
    finally:
        scene.close()


State = tuple[Array, Array, Array | None]  # positions, velocities, and the goal of a reacher


def _runner(inner: Any, observations: Array) -> Callable[[int], State]:
    """Return the states of a body that runs along x: observations are all positions but the first, and velocities."""
    size = inner.model.nq - 1
    velocity = observations[:, size]  # of x
    x = np.concatenate([[0.0], np.cumsum(velocity[:-1])]) * inner.dt
    return lambda step: (
        np.concatenate([[x[step]], observations[step, :size]]),
        observations[step, size:],
        None,
    )


def _reacher(inner: Any, observations: Array) -> Callable[[int], State]:
    """Return the states of `bench/Reacher2d-v0`, whose observations name sines, cosines, velocities and the goal."""
    angles = np.arctan2(observations[:, :2], observations[:, 2:4])
    return lambda step: (
        angles[step],
        observations[step, 4:6] / inner.dt,
        observations[step, 8:10],
    )


PLACES: dict[str, Callable[[Any, Array], Callable[[int], State]]] = {
    "Hopper-v4": _runner,
    "HalfCheetah-v4": _runner,
    "Walker2d-v4": _runner,
    "bench/Reacher2d-v0": _reacher,
}
