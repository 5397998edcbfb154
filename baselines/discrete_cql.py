"""CQL with discrete actions and vectors of observations: d3rlpy's DiscreteCQL with an MLP.

d3rlpy publishes settings for Atari alone (`cql_atari.py`); the defaults here are those of CQL with
continuous actions (`cql.py`) and, for the target network, d3rlpy's. Observations are standardised,
as for the other methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from baselines._d3rlpy import positive, vectors_of
from baselines._discrete import DiscreteConfig, GreedyPolicy, create, learn, load
from bench.core.machine import importing
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context

__all__ = ["Config", "load", "train"]


@dataclass(frozen=True)
class Config(DiscreteConfig):
    """Hyperparameters of CQL with discrete actions: those of DiscreteCQL, and the MLP's."""

    layers: int = 3  # hidden layers
    width: int = 256  # of each hidden layer

    def __post_init__(self) -> None:
        super().__post_init__()
        positive(self, "layers", "width")


def train(data: Trajectories, config: Config, context: Context) -> GreedyPolicy:
    """Learn from transitions. After the last step of an episode cut by the time limit comes the
    episode's final observation. Where the data lack it, such a step is a terminal if all reward is given
    at the end of episodes (the sparse variant), and is left out otherwise.

    Raises:
        ValueError: actions are continuous, observations are stacks of frames, or no step is a
            transition.
    """
    if not data.discrete:
        raise ValueError(
            f"discrete_cql learns discrete actions, and these are continuous, {data.actions.shape[1]} "
            "numbers each: use cql"
        )
    if data.stack > 1:
        raise ValueError(
            f"discrete_cql learns from vectors, and these observations are stacks of {data.stack} "
            "frames: use cql_atari"
        )
    statistics = data.observation_mean.ravel(), data.observation_std.ravel()
    with context.torch_random():
        algorithm = _create(config, statistics[0].size, data.n_actions, context.device)
        return learn(algorithm, data, vectors_of(data), config, statistics, context)


def _create(config: Config, observation_size: int, actions: int, device: str) -> Any:
    with importing():
        from baselines._encoders import encoder_of

    encoder = encoder_of(config.layers, config.width, config.precision)
    return create(config, (observation_size,), actions, device, encoder=encoder)
