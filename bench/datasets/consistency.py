"""What must hold of episodes in flat arrays, so that a method can learn from them."""

from __future__ import annotations

import numpy as np

from bench.datasets.trajectories import Trajectories

FLAT = ("actions", "rewards", "terminals", "timeouts")  # a row for each step, whatever is seen
REAL = ("observations", "actions", "rewards", "final_observations", "scores")


def check(data: Trajectories, name: str) -> None:
    """Refuse data that no method could learn from.

    Raises:
        ValueError: a shape is wrong, a value is not finite, a discrete action is none of the
            n_actions, or an episode does not end where the flags say. The message starts with
            `name`.
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
        raise ValueError(f"{name}: an observation of {data.stack} frames shows nothing")
    if data.stack == 1 and data.frame_index is not None:
        raise ValueError(
            f"{name}: rows are of stacks of frames, and an observation is one row here"
        )
    seen = data.observations
    if data.stack > 1 and (seen.dtype != np.uint8 or seen.ndim != 3):
        raise ValueError(
            f"{name}: stacks are made of frames (steps, height, width) uint8, and observations are "
            f"{seen.shape} {seen.dtype}"
        )
    if (rows := data.frame_index) is None:
        return
    if rows.shape != (data.steps,) or (rows < 0).any() or (rows >= len(seen)).any():
        raise ValueError(
            f"{name}: rows do not say for each of {data.steps} steps which of {len(seen)} frames it shows"
        )


def _actions(data: Trajectories, name: str) -> None:
    if data.discrete and data.action_low != 0:
        raise ValueError(
            f"{name}: discrete actions count from 0, but the action range begins at {data.action_low:g}"
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
        raise ValueError(f"{name}: {array} holds a value that is not finite, first in row {row}")


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
