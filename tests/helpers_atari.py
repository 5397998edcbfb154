"""Small data of stacked frames, and episodes of such observations."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.trajectories import F32, Array, Trajectories, from_arrays

CHOICES, STACK, SIDE = 3, 4, 36  # 36 pixels are the fewest that the convolutions take


def make_frames(
    lengths: tuple[int, ...] = (5, 9, 3, 7), side: int = SIDE, seed: int = 0, **fields: Any
) -> Trajectories:
    """Return random episodes of frames and discrete actions; every second one is cut by the time
    limit. Rewards are -1, 0 and 1.
    """
    random, steps = np.random.default_rng(seed), sum(lengths)
    ends = np.zeros((2, steps), dtype=np.bool_)
    last = np.cumsum(lengths) - 1
    ends[0, last[::2]] = ends[1, last[1::2]] = True
    return from_arrays(
        random.integers(0, 256, (steps, side, side), dtype=np.uint8),
        random.integers(0, CHOICES, steps),
        random.integers(-1, 2, steps).astype(np.float32),
        *ends,
        action_range=(0, CHOICES - 1),
        final_observations=random.integers(0, 256, (len(lengths), side, side), dtype=np.uint8),
        discrete=True,
        stack=STACK,
        **fields,
    )


def shown(steps: int, lanes: int = 3, seed: int = 0) -> list[tuple[Array, F32]]:
    """Return stacks (L, S, H, W) and rewards (L,) of the steps of episodes that begin here."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (STACK - 1 + steps, lanes, SIDE, SIDE), dtype=np.uint8)
    frames[: STACK - 1] = 0
    return [
        (
            np.moveaxis(frames[step : step + STACK], 0, 1).copy(),
            (random.integers(-30, 31, lanes) * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]
