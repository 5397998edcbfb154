"""Video as data: every frame is stored once, and the stacks of frames that a network sees are gathered
when they are needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
I64 = NDArray[np.int64]


def gather(frames: U8, rows: I64 | None, bounds: I64, starts: I64, before: int, length: int) -> U8:
    """Return the frames of windows of consecutive steps, each frame read once.

    Args:
        frames: (M, H, W), as stored; a memory map stays on disk but for what is wanted.
        rows: (N,), where each step's frame is; None: row i is that of step i.
        bounds: (E + 1,); episode e is the steps bounds[e] to bounds[e + 1] - 1.
        starts: (B,), the first step of each window.
        before: so many frames from before that step come first.
        length: steps of a window.

    Returns:
        (B, before + length, H, W); zeros where a step is not of the episode of the window's start.

    Raises:
        IndexError: a start is no step of the data.
    """
    if len(outside := starts[(starts < 0) | (starts >= bounds[-1])]):
        raise IndexError(f"step {outside[0]} of {bounds[-1]} is asked for")
    episodes = np.searchsorted(bounds, starts, side="right") - 1
    steps = starts[:, None] + np.arange(-before, length)
    inside = (steps >= bounds[episodes, None]) & (steps < bounds[episodes + 1, None])
    wanted = np.where(inside, steps, starts[:, None])
    result = np.asarray(np.take(frames, wanted if rows is None else rows[wanted], axis=0))
    result[~inside] = 0
    return result
