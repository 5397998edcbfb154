"""Conservative Q-Learning (Kumar et al. 2020) with continuous actions, d3rlpy's implementation.

Defaults follow d3rlpy's own reproduction on D4RL (github.com/takuseno/d3rlpy at v2.8.1,
reproductions/offline/cql.py); the Decision Transformer paper quotes its CQL column from the CQL
paper and gives no settings. Observations are standardised here, as in
CORL and as for the other methods; d3rlpy's reproduction leaves them as they are.

For discrete actions there are `discrete_cql.py`, which sees vectors, and `cql_atari.py`, which sees
images.
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
    """Hyperparameters of CQL."""

    layers: int = 3  # hidden layers of actor and critics
    width: int = 256  # of each hidden layer
    batch_size: int = 256
    actor_learning_rate: float = 1e-4
    critic_learning_rate: float = 3e-4
    temperature_learning_rate: float = 1e-4
    alpha_learning_rate: float = 0.0  # 0: fixed conservative weight, no Lagrange multiplier
    conservative_weight: float = 5.0
    action_samples: int = 10  # for the log-sum-exp over actions
    discount: float = 0.99
    target_rate: float = 0.005  # soft update of the target critics
    adam_epsilon: float = 1e-8
    # arithmetic of the matrix products of the hidden layers while it learns; it acts in float32
    precision: Literal["float32", "bfloat16"] = "float32"
    # of all learning rates. constant: as in d3rlpy; cosine: they fall to almost zero at the last update
    schedule: Literal["constant", "cosine"] = "constant"
    # decay of the moving average of the actor's weights, which acts in their place: average = decay *
    # average + (1 - decay) * weights after each update. 0: the weights after the last update act, as in
    # d3rlpy
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        positive(self, "layers", "width", "batch_size", "action_samples")
        check_average_decay(self.average_decay)


def train(data: Trajectories, config: Config, context: Context) -> ActorPolicy:
    """Learn from transitions. After the last step of an episode cut by the time limit comes the
    episode's final observation. Where the data lack it, such a step is a terminal if all reward is given
    at the end of episodes (the sparse variant), and is left out otherwise.

    Raises:
        ValueError: actions are discrete or do not go from -1 to 1, or no step is a transition.
    """
    if data.discrete:
        raise ValueError(
            f"cql learns continuous actions, and these are {data.n_actions} discrete ones: use "
            f"{'discrete_cql' if data.stack == 1 else 'cql_atari'}"
        )
    check_actions(data, "cql")
    with context.torch_random():
        sizes = data.observations.shape[1], data.actions.shape[1]
        return train_actor(
            _create(config, *sizes, context.device),
            data,
            context,
            method="cql",
            batch_size=config.batch_size,
            average_decay=config.average_decay,
            decayed=None if config.schedule == "cosine" else (),
        )


def load(path: Path, device: str) -> ActorPolicy:
    """Read what the policy's `save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    return load_actor(path, device, method="cql")


def _create(config: Config, observation_size: int, action_size: int, device: str) -> Any:
    with importing():
        import d3rlpy

        from baselines._cql_update import accelerate
        from baselines._encoders import encoder_of

    encoder = encoder_of(config.layers, config.width, config.precision)
    optimiser = adam(config.adam_epsilon, fused=True)
    algorithm = d3rlpy.algos.CQLConfig(
        actor_learning_rate=config.actor_learning_rate,
        critic_learning_rate=config.critic_learning_rate,
        temp_learning_rate=config.temperature_learning_rate,
        alpha_learning_rate=config.alpha_learning_rate,
        actor_optim_factory=optimiser,
        critic_optim_factory=optimiser,
        temp_optim_factory=optimiser,
        alpha_optim_factory=optimiser,
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        batch_size=config.batch_size,
        gamma=config.discount,
        tau=config.target_rate,
        conservative_weight=config.conservative_weight,
        n_action_samples=config.action_samples,
    ).create(device=device_of(device))
    algorithm.create_impl((observation_size,), action_size)
    return accelerate(algorithm)
