"""Stacks of frames as data: each frame is stored once, and the stacks are checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.frames import gather
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.spaces import Spaces

PIECE = 1024  # number of stacks that are compared at a time


def single_frames(
    name: str,
    own: Spaces,
    observations: NDArray[Any],
    final: NDArray[Any] | None,
    ends: NDArray[np.bool_],
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the newest frame of each observation. Single frames are returned as they are.

    Args:
        name: the data, at the start of a message.
        own: the spaces of the environment; its observations are stacks (S, H, W).
        observations: (N, S, H, W), or (N, H, W) single frames; uint8.
        final: likewise, the observation after the last step of each episode; None: unknown.
        ends: (N,), whether an episode ends with the step. Steps after the last end are in no episode.

    Returns:
        (N, H, W), and (E, H, W) or None.

    Raises:
        WrongData: a stack does not hold the frames of its own and the previous steps, or holds something else
            than zeros before the first frame of an episode.
    """
    if observations.ndim == 3:
        return observations, final
    frames = np.ascontiguousarray(observations[:, -1])
    starts = np.concatenate([[0], np.flatnonzero(ends) + 1]).astype(np.int64)
    for first in range(0, int(starts[-1]), PIECE):
        steps = np.arange(first, min(first + PIECE, int(starts[-1])), dtype=np.int64)
        expected = gather(frames, None, starts, steps, own.stack - 1, 1)
        same = (expected == observations[steps]).reshape(len(steps), -1).all(axis=1)
        if not same.all():
            raise WrongData(
                f"{name}: the observation of row {steps[~same][0]} is not the stack of its frame and of the "
                f"{own.stack - 1} frames before it in its episode, with zeros before the first one. Give single frames "
                f"(steps, {', '.join(map(str, own.observation[1:]))}), and the stacks are made of them"
            )
    if final is None or final.ndim == 3:
        return frames, final
    return frames, np.ascontiguousarray(final[:, -1])


def stacks_of(frames: NDArray[Any], last: NDArray[Any], stack: int) -> NDArray[Any]:
    """Return the observations of an episode as stacks, without a copy of the frames for each.

    Args:
        frames: (T, H, W), the frames of its steps.
        last: (H, W), the frame after the last step.
        stack: number of frames S of an observation.

    Returns:
        (T + 1, S, H, W), read-only.
    """
    before = np.zeros((stack - 1, *frames.shape[1:]), dtype=frames.dtype)
    shown = np.concatenate([before, frames, last[None]])
    windows = np.lib.stride_tricks.sliding_window_view(shown, stack, axis=0)
    return np.moveaxis(windows, -1, 1)
