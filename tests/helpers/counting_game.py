"""A game whose frames count its steps, and agents that need no network."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np


class Always:
    """Takes one action; keeps what it was shown."""

    def __init__(self, action: int) -> None:
        self.action = action
        self.shown: list[tuple[int, int, float]] = []

    def act(self, memory: Any, before: Any, chance: Any) -> Any:
        assert (memory.shape, before.shape, chance.shape) == ((1, 128), (1, 128), (1,))
        self.shown.append((int(memory[0, 0]), int(before[0, 0]), float(chance[0])))
        return np.array([self.action])


class Counter:
    """A game of so many steps: frames and memory count them, each step gives 30 points."""

    def __init__(self, lengths: Sequence[int], horizon: int) -> None:
        self.lengths = itertools.cycle(lengths)
        self.spec = SimpleNamespace(max_episode_steps=horizon)
        self.observation_space = SimpleNamespace(shape=(4, 84, 84))
        self.action_space = SimpleNamespace(n=3)
        self.unwrapped = SimpleNamespace(ale=SimpleNamespace(getRAM=self._memory))
        self.seeds: list[int] = []
        self.actions: list[int] = []

    def _memory(self) -> Any:
        return np.full(128, self.step_number, dtype=np.uint8)

    def _seen(self) -> Any:
        return np.full((4, 84, 84), 10 + self.step_number, dtype=np.uint8)

    def reset(self, seed: int) -> Any:
        self.seeds.append(seed)
        self.step_number, self.length = 0, next(self.lengths)
        return self._seen(), {}

    def step(self, action: int) -> Any:
        self.actions.append(action)
        self.step_number += 1
        terminal = self.step_number == self.length
        late = self.step_number == self.spec.max_episode_steps
        return self._seen(), 30.0 * (-1) ** self.step_number, terminal, late, {}

    def close(self) -> None:
        pass
