"""Control: actions drawn uniformly from the action space. Its normalised score must be about 0."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.policy_file import read_tensors, write_tensors


@dataclass(frozen=True)
class Config:
    """There are no hyperparameters."""


class UniformPolicy:
    """Draws each action from [low, high], or from the whole numbers low to high where actions are
    discrete; then `action_size` is 0.
    """

    def __init__(self, low: float, high: float, action_size: int) -> None:
        self.low, self.high, self.action_size = low, high, action_size
        self.generators: list[np.random.Generator] = []

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes, each with a generator of its own; `targets` are not used."""
        self.generators = [np.random.default_rng(int(seed)) for seed in seeds]

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act) or (L,); observations and rewards are not used."""
        if self.action_size == 0:
            low, high = int(self.low), int(self.high)
            draws = [env.integers(low, high, endpoint=True) for env in self.generators]
            return np.array(draws, dtype=np.int64)
        rows = [
            generator.uniform(self.low, self.high, self.action_size)
            for generator in self.generators
        ]
        return np.array(rows, dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write the range of actions."""
        write_tensors(
            path,
            {"range": np.array([self.low, self.high])},
            method="uniform",
            action_size=self.action_size,
        )


def train(data: Trajectories, config: Config, context: Context) -> UniformPolicy:
    """Look up the range of actions; nothing is learned."""
    size = 0 if data.discrete else data.actions.shape[1]
    return UniformPolicy(data.action_low, data.action_high, size)


def load(path: Path, device: str) -> UniformPolicy:
    """Read what `UniformPolicy.save` wrote."""
    tensors, about = read_tensors(path, method="uniform")
    low, high = tensors["range"].tolist()
    return UniformPolicy(low, high, about["action_size"])
