"""Small data with discrete actions, and episodes for policies that take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from tests.helpers.dt import make_context, make_task

CHOICES, SHAPE = 3, (2, 2)  # actions, and the shape of an observation
SIZE = int(np.prod(SHAPE))


def make_choices(
    lengths: tuple[int, ...] = (5, 9, 3, 7), n_actions: int = CHOICES, seed: int = 0
) -> Trajectories:
    """Return random episodes of bytes and discrete actions; every second one is cut by the time
    limit. Rewards are multiples of 1/4.
    """
    random, steps = np.random.default_rng(seed), sum(lengths)
    ends = np.zeros((2, steps), dtype=np.bool_)
    last = np.cumsum(lengths) - 1
    ends[0, last[::2]] = ends[1, last[1::2]] = True
    return from_arrays(
        random.integers(0, 256, (steps, *SHAPE), dtype=np.uint8),
        random.integers(0, n_actions, steps),
        (random.integers(-8, 13, steps) / 4).astype(np.float32),
        *ends,
        action_range=(0, n_actions - 1),
        final_observations=random.integers(0, 256, (len(lengths), *SHAPE), dtype=np.uint8),
        discrete=True,
    )


def whole_episodes(observations: Array, actions: I64, rewards: F32, n_actions: int) -> Trajectories:
    """Return the terminating episodes (E, T, *obs), (E, T), (E, T) as a data set."""
    ends = np.zeros(actions.shape, dtype=np.bool_)
    ends[:, -1] = True
    return from_arrays(
        observations.reshape(actions.size, *observations.shape[2:]),
        actions.ravel(),
        rewards.ravel().astype(np.float32),
        ends.ravel(),
        np.zeros(actions.size, dtype=np.bool_),
        action_range=(0, n_actions - 1),
        discrete=True,
    )


def short_context(horizon: int, steps: int, **fields: Any) -> Context:
    """Return the context of a task of so many steps whose returns are not scaled."""
    task = make_task(horizon=horizon, return_scale=1.0)
    return make_context(steps=steps, task=task, **fields)


def shown(steps: int, num_envs: int = 3, seed: int = 0) -> list[tuple[Array, F32]]:
    """Return observations (L, *obs) and rewards (L,) of some steps."""
    random = np.random.default_rng(seed)
    return [
        (
            random.integers(0, 256, (num_envs, *SHAPE), dtype=np.uint8),
            (random.integers(-4, 5, num_envs) / 4 * (step > 0)).astype(np.float32),
        )
        for step in range(steps)
    ]


def play(policy: Any, steps: list[tuple[Array, F32]], seeds: tuple[int, ...] = (5, 6, 7)) -> Array:
    """Return the actions (steps, L) of episodes that begin here."""
    policy.reset(np.array(seeds), np.linspace(0, 5, len(seeds), dtype=np.float32))
    return np.stack([policy.act(observations, rewards) for observations, rewards in steps])
