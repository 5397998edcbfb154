"""Small data of random frames, and episodes of such observations."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.trajectories import F32, Array, Trajectories
from tests.helpers import frames as helpers_frames
from tests.helpers.frames import STACK

CHOICES, SIDE = 3, 36  # 36 pixels are the fewest that the convolutions take


def make_frames(
    lengths: tuple[int, ...] = (5, 9, 3, 7), seed: int = 0, **changes: Any
) -> Trajectories:
    """Return random episodes of frames and discrete actions; every second one is cut by the time
    limit. Rewards are -1, 0 and 1.
    """
    random, steps = np.random.default_rng(seed), sum(lengths)
    given = {
        "observations": random.integers(0, 256, (steps, SIDE, SIDE), dtype=np.uint8),
        "actions": random.integers(0, CHOICES, steps),
        "rewards": random.integers(-1, 2, steps).astype(np.float32),
        "final_observations": random.integers(0, 256, (len(lengths), SIDE, SIDE), dtype=np.uint8),
        "scores": None,
    }
    return helpers_frames.make_frames(lengths, **(given | changes))


def shown(steps: int, num_envs: int = 3, seed: int = 0) -> list[tuple[Array, F32]]:
    """Return stacks (L, S, H, W) and rewards (L,) of the steps of episodes that begin here."""
    random = np.random.default_rng(seed)
    frames = random.integers(0, 256, (STACK - 1 + steps, num_envs, SIDE, SIDE), dtype=np.uint8)
    frames[: STACK - 1] = 0
    return [
        (
            np.moveaxis(frames[step : step + STACK], 0, 1).copy(),
            (random.integers(-30, 31, num_envs) * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]
