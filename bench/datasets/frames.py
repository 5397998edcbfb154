"""Frames of a video as data. Every frame is stored once. The stacks of frames that a network sees are gathered on
demand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

SAMPLE = 4096  # number of frames in the statistics


def gather(
    frames: U8, frame_index: I64 | None, episode_starts: I64, starts: I64, before: int, length: int
) -> U8:
    """Return the frames of windows of consecutive steps.

    Args:
        frames: (M, H, W), as stored. Of a memory map, only the frames of the windows are read.
        frame_index: (N,), the index in `frames` of the frame of each step; None: frame i is that of step i.
        episode_starts: (E + 1,); episode e has the steps episode_starts[e] to episode_starts[e + 1] - 1.
        starts: (B,), the first step of each window.
        before: number of additional frames from before the first step.
        length: number of steps of a window.

    Returns:
        (B, before + length, H, W). Frames outside the episode of the window's first step are zeros.

    Raises:
        IndexError: a start is not a step of the data.
    """
    if len(outside := starts[(starts < 0) | (starts >= episode_starts[-1])]):
        raise IndexError(f"there is no step {outside[0]} in data of {episode_starts[-1]} steps")
    episodes = np.searchsorted(episode_starts, starts, side="right") - 1
    steps = starts[:, None] + np.arange(-before, length)
    inside = (steps >= episode_starts[episodes, None]) & (
        steps < episode_starts[episodes + 1, None]
    )
    index = np.where(inside, steps, starts[:, None])
    if frame_index is not None:
        index = frame_index[index]
    result = np.asarray(np.take(frames, index, axis=0))
    result[~inside] = 0
    return result


def statistics(frames: U8) -> tuple[F32, np.float32]:
    """Return the mean frame (H, W), rounded to whole levels of brightness, and the standard deviation of all
    pixels around it, at least 1. They are computed from SAMPLE frames at even distances, or from all frames if
    there are fewer.

    Most of the image of a game never changes. In Pong, after division by 255, the part that changes (ball and
    paddles) has a twentieth of the magnitude of the part that does not.

    Args:
        frames: (M, H, W), as stored. Of a memory map, only the sample is read.
    """
    sample = frames[np.unique(np.linspace(0, len(frames) - 1, SAMPLE).astype(np.int64))]
    mean = np.rint(sample.mean(axis=0)).astype(np.float32)
    squares = np.mean([np.square(frame - mean).mean() for frame in sample])
    return mean, np.float32(max(np.sqrt(squares), 1))
