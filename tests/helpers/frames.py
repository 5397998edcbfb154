"""Small video data: every frame is its own number."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories

STACK, SIDE = 4, 3


def make_frames(lengths: tuple[int, ...] = (5, 2, 7), **changes: Any) -> Trajectories:
    """Return episodes of so many steps; all pixels of the i-th frame are i + 1, those of the e-th
    episode's final frame 200 + e. Every second episode is cut by the time limit.
    """
    steps, last = sum(lengths), np.cumsum(lengths) - 1
    ends = np.zeros((2, steps), dtype=np.bool_)
    ends[0, last[::2]] = ends[1, last[1::2]] = True
    given: dict[str, Any] = {
        "observations": filled(np.arange(1, steps + 1)),
        "actions": np.arange(steps) % 3,
        "rewards": (np.arange(steps) % 2).astype(np.float32),
        "terminals": ends[0],
        "timeouts": ends[1],
        "action_range": (0, 2),
        "final_observations": filled(200 + np.arange(len(lengths))),
        "discrete": True,
        "stack": STACK,
        "scores": 10.0 * np.arange(len(lengths)),
    }
    return from_arrays(**(given | changes))


def filled(values: Any) -> Any:
    """Return a frame (SIDE, SIDE) uint8 for each value."""
    return np.asarray(values, dtype=np.uint8)[:, None, None].repeat(SIDE, 1).repeat(SIDE, 2)


def numbers(frames: Any) -> Any:
    """Return the number that each frame is filled with, and refuse a frame of several."""
    first = frames[..., :1, :1]
    assert (frames == first).all()
    return first[..., 0, 0].tolist()
