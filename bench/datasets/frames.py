"""Video as data: every frame is stored once, and the stacks of frames that a network sees are gathered
when they are needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

SAMPLE = 4096  # frames that statistics are taken of


def gather(
    frames: U8, frame_index: I64 | None, episode_starts: I64, starts: I64, before: int, length: int
) -> U8:
    """Return the frames of windows of consecutive steps, each frame read once.

    Args:
        frames: (M, H, W), as stored; a memory map stays on disk but for what is wanted.
        frame_index: (N,), the index in `frames` of the frame of each step; None: frame i is that of step i.
        episode_starts: (E + 1,); episode e is the steps episode_starts[e] to episode_starts[e + 1] - 1.
        starts: (B,), the first step of each window.
        before: so many frames from before that step come first.
        length: steps of a window.

    Returns:
        (B, before + length, H, W); zeros where a step is not of the episode of the window's start.

    Raises:
        IndexError: a start is no step of the data.
    """
    if len(outside := starts[(starts < 0) | (starts >= episode_starts[-1])]):
        raise IndexError(f"step {outside[0]} of {episode_starts[-1]} is asked for")
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
    """Return the mean frame (H, W), in whole levels of brightness, and the standard deviation of the pixels
    around it, at least 1; of SAMPLE frames spread evenly, or of all if there are fewer.

    Most of a game's picture never changes. Divided by 255 what does change in Pong, ball and paddles, is a
    twentieth of what does not.

    Args:
        frames: (M, H, W), as stored; of a memory map only the sample is read.
    """
    sample = frames[np.unique(np.linspace(0, len(frames) - 1, SAMPLE).astype(np.int64))]
    mean = np.rint(sample.mean(axis=0)).astype(np.float32)
    squares = np.mean([np.square(frame - mean).mean() for frame in sample])
    return mean, np.float32(max(np.sqrt(squares), 1))
