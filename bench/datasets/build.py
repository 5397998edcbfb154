"""Make `Trajectories` from plain arrays: drop an unfinished episode, compute statistics, and check."""

from __future__ import annotations

import numpy as np

from bench.datasets.consistency import check
from bench.datasets.trajectories import F32, F64, I64, Array, Bools, Trajectories


def from_arrays(
    observations: Array,
    actions: Array,
    rewards: F32,
    terminals: Bools,
    timeouts: Bools,
    *,
    action_range: tuple[float, float] = (-1.0, 1.0),
    final_observations: Array | None = None,
    discrete: bool = False,
    stack: int = 1,
    scores: F64 | None = None,
) -> Trajectories:
    """Return the whole episodes in these arrays. Steps after the last terminal or time-out belong to an
    unfinished episode and are dropped.

    Args:
        observations: (N, obs); with discrete actions (N, *obs), and uint8 stays uint8.
        actions: (N, act), or (N,) whole numbers if they are discrete.
        rewards: (N,).
        terminals: (N,).
        timeouts: (N,).
        action_range: the smallest and the largest action value that the environment takes.
        final_observations: (E, *obs), one for each whole episode.
        discrete: whether actions are whole numbers from 0 to the end of `action_range`.
        stack: the number of frames that a network sees together. With more than 1, `observations` are frames
            (N, H, W) uint8.
        scores: (E,), see `Trajectories`.

    Raises:
        ValueError: no episode ends, a discrete action is not a whole number, or the check of
            `bench.datasets.consistency.check` fails.
    """
    given = {
        "observations": (observations, max(np.ndim(observations), 2) if discrete else 2),
        "actions": (actions, 1 if discrete else 2),
        "rewards": (rewards, 1),
        "terminals": (terminals, 1),
        "timeouts": (timeouts, 1),
    }
    for name, (array, dimensions) in given.items():
        if np.ndim(array) != dimensions or len(array) != len(rewards):
            raise ValueError(
                f"these arrays: {name} has shape {np.shape(array)}, expected {dimensions} dimension(s) and "
                f"{len(rewards)} rows"
            )
    episode_starts = np.concatenate([[0], np.flatnonzero(terminals | timeouts) + 1]).astype(
        np.int64
    )
    if len(episode_starts) == 1:
        raise ValueError("no episode ends in these data: neither a terminal nor a time-out is set")
    stop = int(episode_starts[-1])
    whole = observations[:stop]
    mean, std = pixel_range() if stack > 1 else _statistics(whole)
    seen = np.uint8 if discrete and np.asarray(observations).dtype == np.uint8 else np.float32
    with np.errstate(invalid="ignore", over="ignore"):  # `check` names values that are not finite
        data = Trajectories(
            observations=np.asarray(whole, dtype=seen),
            actions=_whole(actions[:stop])
            if discrete
            else np.asarray(actions[:stop], dtype=np.float32),
            rewards=np.asarray(rewards[:stop], dtype=np.float32),
            terminals=np.asarray(terminals[:stop], dtype=np.bool_),
            timeouts=np.asarray(timeouts[:stop], dtype=np.bool_),
            episode_starts=episode_starts,
            observation_mean=mean,
            observation_std=std,
            action_low=float(action_range[0]),
            action_high=float(action_range[1]),
            final_observations=None
            if final_observations is None
            else np.asarray(final_observations, dtype=seen),
            stack=stack,
            scores=None if scores is None else np.asarray(scores, dtype=np.float64),
        )
    check(data, "these arrays")
    return data


def pixel_range() -> tuple[F32, F32]:
    """Return the mean and std, (1, 1, 1) each, that normalise frames to [0, 1], as in the paper's code
    (states / 255).
    """
    return np.zeros((1, 1, 1), dtype=np.float32), np.full((1, 1, 1), 255, dtype=np.float32)


def _statistics(observations: Array) -> tuple[F32, F32]:
    """Return the mean and the std of each entry of an observation, (*obs,) each."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean = observations.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean, observations.std(axis=0, dtype=np.float64).astype(np.float32)


def _whole(actions: Array) -> I64:
    """Return discrete actions (N,) as int64.

    Raises:
        ValueError: an action is not a whole number. Rounding would change it to another action.
    """
    numbers = np.asarray(actions, dtype=np.int64)
    if len(other := np.flatnonzero(numbers != actions)):
        raise ValueError(
            f"these arrays: actions hold {actions[other[0]]} in row {other[0]}, but discrete actions must be "
            "whole numbers"
        )
    return numbers
