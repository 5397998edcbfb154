"""TD3+BC (Fujimoto & Gu 2021, arXiv 2106.06860) with continuous actions, d3rlpy's implementation.

Defaults follow d3rlpy's own reproduction on D4RL (github.com/takuseno/d3rlpy at 9c6b6e9,
reproductions/offline/td3_plus_bc.py) and, where that file says nothing, its class TD3PlusBCConfig. The
Decision Transformer paper has no TD3+BC. Observations are standardised, as there.
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


@dataclass(frozen=True)
class Config:
    """Hyperparameters of TD3+BC."""

    layers: int = 2  # hidden layers of actor and critics
    width: int = 256  # of each hidden layer
    batch_size: int = 256
    actor_learning_rate: float = 3e-4
    critic_learning_rate: float = 3e-4
    alpha: float = 2.5  # weight of the critic beside the squared error of the actions; 0: BC alone
    actor_interval: int = 2  # updates of the critics for each one of the actor
    target_noise: float = 0.2  # standard deviation of the noise of the target's actions
    target_noise_clip: float = 0.5  # bound of this noise
    discount: float = 0.99
    target_rate: float = 0.005  # soft update of the targets of actor and critics
    # of the learning rates. cosine: all fall to almost zero at the last update
    schedule: Literal["constant", "cosine"] = "constant"
    # decay of the moving average of the actor's weights, which acts in their place. 0: the weights after the
    # last update act
    average_decay: float = 0.0
    # arithmetic of the matrix products of the hidden layers while it learns; it acts in float32
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        positive(self, "layers", "width", "batch_size", "actor_interval")
        for name in ("alpha", "target_noise", "target_noise_clip"):
            if (value := getattr(self, name)) < 0:
                raise ValueError(f"{name} must not be negative, not {value}")
        check_average_decay(self.average_decay)


def train(data: Trajectories, config: Config, context: Context) -> ActorPolicy:
    """Learn from transitions. `baselines/_d3rlpy.py` says what follows a step cut by the time limit.

    Raises:
        ValueError: actions are discrete or do not go from -1 to 1, or no step is a transition.
    """
    check_actions(data, "td3_bc")
    with context.torch_random():
        return train_actor(
            _create(config, data, context.device),
            data,
            context,
            method="td3_bc",
            batch_size=config.batch_size,
            average_decay=config.average_decay,
            decayed=None if config.schedule == "cosine" else (),
        )


def load(path: Path, device: str) -> ActorPolicy:
    """Read what the policy's `save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    return load_actor(path, device, method="td3_bc")


def _create(config: Config, data: Trajectories, device: str) -> Any:
    with importing():
        import d3rlpy

        from baselines._encoders import encoder_of

    encoder = encoder_of(config.layers, config.width, config.precision)
    algorithm = d3rlpy.algos.TD3PlusBCConfig(
        actor_learning_rate=config.actor_learning_rate,
        critic_learning_rate=config.critic_learning_rate,
        actor_optim_factory=adam(1e-8),
        critic_optim_factory=adam(1e-8),
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        batch_size=config.batch_size,
        gamma=config.discount,
        tau=config.target_rate,
        alpha=config.alpha,
        update_actor_interval=config.actor_interval,
        target_smoothing_sigma=config.target_noise,
        target_smoothing_clip=config.target_noise_clip,
    ).create(device=device_of(device))
    algorithm.create_impl(data.observations.shape[1:], data.actions.shape[1])
    return algorithm
