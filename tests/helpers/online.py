"""A game without a simulator, whose episodes are counted by hand, and policies that play it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box

from bench.datasets.trajectories import F32, I64, Array
from bench.methods import online
from bench.methods.online import Environment
from tests.helpers.dt import make_data, make_task


class Counting:
    """Envs of one game: step t of an episode earns t, and the observation is (number of the episode, t).

    Attributes:
        lengths: of the episodes, in the order in which they begin; the last one is repeated. An episode of an odd
            length terminates, the others time out.
        seeds: that episodes began with.
        actions: that were taken.
    """

    def __init__(self, lengths: tuple[int, ...], count: int) -> None:
        self.lengths, self.seeds = lengths, list[int]()
        self.actions: list[Array] = []
        self.action_space = Box(-1, 1, (2,), np.float32)
        self.observations = np.zeros((count, 3), np.float32)
        self.closed = False

    def reset(self, env: int, seed: int) -> None:
        self.observations[env] = (len(self.seeds), 0, env)
        self.seeds.append(seed)

    def step_one(self, env: int, action: Array) -> tuple[float, bool, bool]:
        self.actions.append(action)
        self.observations[env, 1] += 1
        number, step, _ = self.observations[env]
        length = self.lengths[min(int(number), len(self.lengths) - 1)]
        over = bool(step == length)
        return float(step), over and length % 2 == 1, over and length % 2 == 0

    def close(self) -> None:
        self.closed = True


class Recorder:
    """A policy with a constant action that notes what it is shown."""

    def __init__(self, action: float = 0.5) -> None:
        self.action = action
        self.targets: list[list[float]] = []
        self.shown: list[list[float]] = []
        self.finished: list[int] = []

    def reset(self, seeds: I64, targets: F32) -> None:
        self.targets.append(targets.tolist())

    def finish(self, envs: I64) -> None:
        self.finished += envs.tolist()

    def act(self, observations: Array, rewards: F32) -> Array:
        self.shown.append(rewards.tolist())
        return np.full((len(observations), 2), self.action, np.float32)

    def save(self, path: Path) -> None:
        raise AssertionError


def game(
    monkeypatch: pytest.MonkeyPatch, lengths: tuple[int, ...], **changes: Any
) -> tuple[Environment, Counting]:
    """Return an environment of the game for two episodes at a time, and its envs."""
    given: dict[str, Any] = {
        "budget": 100,
        "seed": 3,
        "method": "mine",
        "num_envs": 2,
        "like": make_data(),
    } | changes
    made: list[Counting] = []

    def make(name: str, count: int) -> Counting:
        made.append(Counting(lengths, count))
        return made[-1]

    monkeypatch.setattr(online, "make_vector", make)
    return Environment(make_task(horizon=30), **given), made[0]
