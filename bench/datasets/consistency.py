"""Checks of episodes in flat arrays, before a method learns from them."""

from __future__ import annotations

import numpy as np

from bench.datasets.trajectories import Trajectories

FLAT = ("actions", "rewards", "terminals", "timeouts")  # always a row for each step
REAL = ("observations", "actions", "rewards", "final_observations", "scores")


def check(data: Trajectories, name: str) -> None:
    """Refuse data that no method can learn from.

    Args:
        data: the episodes.
        name: the name of the data, at the start of every message.

    Raises:
        ValueError: a shape is wrong, a value is not finite, a discrete action is not in 0 to n_actions - 1,
            or the flags and `episode_starts` disagree about the ends of episodes.
    """
    _rows(data, name)
    _frames(data, name)
    _actions(data, name)
    _ends(data, name)
    _finite(data, name)
    _bounds(data, name)


def _rows(data: Trajectories, name: str) -> None:
    for array in FLAT if data.frame_index is not None else ("observations", *FLAT):
        if len(getattr(data, array)) != data.steps:
            raise ValueError(
                f"{name}: {array} has {len(getattr(data, array))} rows, rewards {data.steps}"
            )


def _frames(data: Trajectories, name: str) -> None:
    if data.stack < 1:
        raise ValueError(
            f"{name}: stack is {data.stack}, but an observation needs at least 1 frame"
        )
    if data.stack == 1 and data.frame_index is not None:
        raise ValueError(f"{name}: frame_index is for stacks of frames, but stack is 1 here")
    seen = data.observations
    if data.stack > 1 and (seen.dtype != np.uint8 or seen.ndim != 3):
        raise ValueError(
            f"{name}: stacks need frames (steps, height, width) uint8, but observations are "
            f"{seen.shape} {seen.dtype}"
        )
    if (index := data.frame_index) is None:
        return
    if index.shape != (data.steps,) or (index < 0).any() or (index >= len(seen)).any():
        raise ValueError(
            f"{name}: frame_index must give one of {len(seen)} frames for each of {data.steps} steps"
        )


def _actions(data: Trajectories, name: str) -> None:
    if data.discrete and data.action_low != 0:
        raise ValueError(
            f"{name}: discrete actions start at 0, but the action range starts at {data.action_low:g}"
        )
    outside = (data.actions < data.action_low) | (data.actions > data.action_high)
    if data.discrete and outside.any():
        raise ValueError(
            f"{name}: actions hold {data.actions[outside][0]}, but the environment takes 0 to {data.action_high:g}"
        )


def _ends(data: Trajectories, name: str) -> None:
    final, scores = data.final_observations, data.scores
    if final is not None and final.shape != (data.episodes, *data.observations.shape[1:]):
        raise ValueError(
            f"{name}: final_observations has shape {final.shape}, expected one for each of "
            f"{data.episodes} episodes"
        )
    if scores is not None and scores.shape != (data.episodes,):
        raise ValueError(
            f"{name}: scores has shape {scores.shape}, expected one for each of {data.episodes} episodes"
        )


def _finite(data: Trajectories, name: str) -> None:
    for array in REAL:
        values = getattr(data, array)
        if values is None or values.dtype.kind != "f" or np.isfinite(values).all():
            continue
        row = int(np.argwhere(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))[0, 0])
        raise ValueError(f"{name}: {array} hold a value that is not finite, first in row {row}")


def _bounds(data: Trajectories, name: str) -> None:
    episode_starts, steps = data.episode_starts, data.steps
    lengths = data.lengths
    if (
        data.episodes < 1
        or episode_starts[0] != 0
        or episode_starts[-1] != steps
        or (lengths < 1).any()
    ):
        raise ValueError(f"{name}: episode_starts do not cover the {steps} steps")
    ends = np.flatnonzero(data.terminals | data.timeouts) + 1
    if not np.array_equal(ends, episode_starts[1:]):
        raise ValueError(f"{name}: terminals and time-outs do not agree with the episode_starts")
