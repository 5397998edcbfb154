"""Implicit Q-Learning (Kostrikov et al. 2021, arXiv 2110.06169) with continuous actions, d3rlpy's
implementation.

Defaults follow d3rlpy's own reproduction on D4RL (github.com/takuseno/d3rlpy at d324094,
reproductions/offline/iql.py) and, where that file says nothing, its class IQLConfig. The Decision Transformer
paper has no IQL. Observations are standardised here, as for the other methods; d3rlpy's reproduction leaves
them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from baselines._actor import ActorPolicy, check_actions, load_actor, train_actor
from baselines._d3rlpy import adam, device_of, positive
from bench.core.machine import importing
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.methods.training import check_average_decay

# schedule -> the optimisers whose learning rates fall; None: all
DECAYED = {"constant": (), "actor_cosine": ("actor_optim",), "cosine": None}


@dataclass(frozen=True)
class Config:
    """Hyperparameters of IQL."""

    layers: int = 2  # hidden layers of actor, critics and value function
    width: int = 256  # of each hidden layer
    batch_size: int = 256
    actor_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4  # of critics and value function
    expectile: float = 0.7  # of the critics' values, which the value function estimates
    inverse_temperature: float = 3.0  # of the advantages whose exponentials weight the actions
    max_weight: float = 100.0  # bound of these weights
    # rewards are scaled so that the returns of the data span this range
    return_range: float = 1000.0
    discount: float = 0.99
    target_rate: float = 0.005  # soft update of the target critics
    # of the learning rates. actor_cosine: the actor's falls to almost zero at the last update, as in d3rlpy's
    # reproduction; cosine: all fall; constant: none falls
    schedule: Literal["constant", "actor_cosine", "cosine"] = "actor_cosine"
    # decay of the moving average of the actor's weights, which acts in their place. 0: the weights after the
    # last update act
    average_decay: float = 0.0
    # arithmetic of the matrix products of the hidden layers while it learns; it acts in float32
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        positive(self, "layers", "width", "batch_size")
        if not 0 < self.expectile < 1:
            raise ValueError(f"expectile must be above 0 and below 1, not {self.expectile}")
        if self.return_range <= 0:
            raise ValueError(f"return_range must be above 0, not {self.return_range}")
        check_average_decay(self.average_decay)


def train(data: Trajectories, config: Config, context: Context) -> ActorPolicy:
    """Learn from transitions. `baselines/_d3rlpy.py` says what follows a step cut by the time limit.

    Raises:
        ValueError: actions are discrete or do not go from -1 to 1, or no step is a transition.
    """
    check_actions(data, "iql")
    with context.torch_random():
        return train_actor(
            _create(config, data, context.device),
            data,
            context,
            method="iql",
            batch_size=config.batch_size,
            average_decay=config.average_decay,
            decayed=DECAYED[config.schedule],
        )


def load(path: Path, device: str) -> ActorPolicy:
    """Read what the policy's `save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    return load_actor(path, device, method="iql")


def _create(config: Config, data: Trajectories, device: str) -> Any:
    with importing():
        import d3rlpy

        from baselines._encoders import encoder_of

    encoder = encoder_of(config.layers, config.width, config.precision)
    low, high = float(data.returns.min()), float(data.returns.max())
    # a single return, such as that of one episode, spans nothing: rewards then keep their scale
    scaler = d3rlpy.preprocessing.ReturnBasedRewardScaler(
        return_min=low, return_max=high, multiplier=config.return_range
    )
    algorithm = d3rlpy.algos.IQLConfig(
        actor_learning_rate=config.actor_learning_rate,
        critic_learning_rate=config.critic_learning_rate,
        actor_optim_factory=adam(1e-8),
        critic_optim_factory=adam(1e-8),
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        value_encoder_factory=encoder,
        batch_size=config.batch_size,
        gamma=config.discount,
        tau=config.target_rate,
        expectile=config.expectile,
        weight_temp=config.inverse_temperature,
        max_weight=config.max_weight,
        reward_scaler=scaler if high > low else None,
    ).create(device=device_of(device))
    algorithm.create_impl(data.observations.shape[1:], data.actions.shape[1])
    return algorithm
