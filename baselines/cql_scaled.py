"""CQL on rewards of one scale: `cql`, whose values lie between -`value_range` and `value_range`.

CQL's loss is the squared error of the values, which grows with the square of the rewards, and the conservative
term, which grows with the rewards at most. So one conservative weight and one learning rate mean different things on
data sets with different rewards, and the sparse variant, whose reward comes at once, has rewards a hundred times as
large. IQL's authors scale the rewards by the returns of the data, and TD3+BC divides by the values; d3rlpy's CQL does
neither. Here all rewards are multiplied by one number, so that the largest absolute discounted return from any step of
the data is `value_range`. docs/trials.md has the trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from baselines import cql
from baselines._actor import ActorPolicy
from baselines.cql import load
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context

__all__ = ["Config", "load", "train"]


@dataclass(frozen=True)
class Config(cql.Config):
    """Hyperparameters of CQL, and the scale of its rewards."""

    value_range: float = 50.0  # the largest absolute discounted return of the scaled data

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.value_range > 0:
            raise ValueError(f"value_range must be above 0, not {self.value_range}")


def train(data: Trajectories, config: Config, context: Context) -> ActorPolicy:
    """Train CQL on the scaled rewards. Errors are those of `cql`."""
    factor = config.value_range / (largest_value(data, config.discount) or config.value_range)
    print(f"rewards are multiplied by {factor:.3g}", flush=True)
    scaled = (data.rewards * np.float32(factor)).astype(np.float32)
    return cql.train(replace(data, rewards=scaled), config, context)


def largest_value(data: Trajectories, discount: float) -> float:
    """Return the largest absolute discounted sum of the rewards from a step to the end of its episode."""
    rewards = data.rewards.astype(np.float64)
    largest = 0.0
    for start, stop in zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True):
        value = 0.0
        for reward in rewards[start:stop][::-1].tolist():
            value = reward + discount * value
            largest = max(largest, abs(value))
    return largest
