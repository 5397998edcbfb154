"""Conservative Q-Learning (Kumar et al. 2020) with continuous actions, d3rlpy's implementation.

Defaults follow d3rlpy's own reproduction on D4RL (github.com/takuseno/d3rlpy at v2.8.1,
reproductions/offline/cql.py); the Decision Transformer paper quotes its CQL column from the CQL
paper and gives no settings. Observations are standardised here, as in
CORL and as for the other methods; d3rlpy's reproduction leaves them as they are.

For discrete actions there are `discrete_cql.py`, which sees vectors, and `cql_atari.py`, which sees
images.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from baselines._d3rlpy import (
    STD_FLOOR,
    adam,
    check_decay,
    device_of,
    falling,
    positive,
    update_of,
    vectors_of,
)
from bench.core.machine import importing
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, normalise, predict, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.training import Averaged, fit


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
        check_decay(self.average_decay)


class CqlPolicy:
    """The mode of CQL's squashed Gaussian policy, a plain MLP."""

    def __init__(self, actor: nn.Sequential, mean: F32, std: F32, device: str) -> None:
        self.actor = actor
        self.mean, self.std = mean, std
        self.device = device

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; there is nothing to remember, and `targets` are not used."""

    def act(self, observations: F32, rewards: F32) -> F32:
        """Return actions (L, act) for observations (L, obs); `rewards` are not used."""
        return predict(
            self.actor, normalise(observations, self.mean, self.std, STD_FLOOR), self.device
        )

    def save(self, path: Path) -> None:
        """Write the actor's weights and the normalisation; the critics are not needed to act."""
        write_tensors(
            path,
            arrays_of(self.actor, "actor.") | {"mean": self.mean, "std": self.std},
            method="cql",
        )


def train(data: Trajectories, config: Config, context: Context) -> CqlPolicy:
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
    if (data.action_low, data.action_high) != (-1, 1):
        raise ValueError(
            f"cql learns actions from -1 to 1, and these go from {data.action_low:g} to {data.action_high:g}: "
            "scale the actions of the data and of the environment"
        )
    mean, std = data.observation_mean, data.observation_std
    with context.torch_random():
        sizes = data.observations.shape[1], data.actions.shape[1]
        algorithm = _create(config, *sizes, context.device)
        update = update_of(
            algorithm, data, *vectors_of(data), batch_size=config.batch_size, loss="critic_loss"
        )
        modules, optimisers = _parts(algorithm)
        if config.schedule == "cosine":
            update = falling(update, optimisers.values(), context.steps)
        acting = modules["policy"]
        if config.average_decay:
            average = Averaged(acting, config.average_decay)
            update, acting = average.after(update), average.average
            modules["average"] = acting

        def policy() -> CqlPolicy:
            return CqlPolicy(actor_of(acting).to(context.device), mean, std, context.device)

        fit(update, modules, optimisers, policy, context)
    return policy()


def load(path: Path, device: str) -> CqlPolicy:
    """Read what `CqlPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, _ = read_tensors(path, method="cql")
    weights = below("actor.", tensors)
    with torch.random.fork_rng(devices=[]):
        actor = _mlp([weights[name].shape for name in weights if weights[name].ndim == 2]).to(
            device
        )
    set_arrays(actor, weights)
    return CqlPolicy(actor, tensors["mean"], tensors["std"], device)


def actor_of(policy: nn.Module) -> nn.Sequential:
    """Return a copy of the part of a d3rlpy policy that gives the mode of its actions."""
    tensors = [tensor for name, tensor in policy.state_dict().items() if "logstd" not in name]
    with torch.random.fork_rng(devices=[]):
        actor = _mlp([tuple(tensor.shape) for tensor in tensors if tensor.ndim == 2])
    actor.load_state_dict(
        dict(zip(actor.state_dict(), (tensor.cpu() for tensor in tensors), strict=True))
    )
    return actor


def _mlp(shapes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return Linear layers of these weight shapes (out, in) with ReLU between them and tanh at the
    end.
    """
    layers: list[nn.Module] = []
    for size_out, size_in in shapes:
        layers += [nn.Linear(size_in, size_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Tanh())


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


def _parts(algorithm: Any) -> tuple[dict[str, nn.Module], dict[str, torch.optim.Optimizer]]:
    """Return every network and optimiser that an update changes, by name."""
    modules, optimisers = {}, {}
    for field in dataclasses.fields(algorithm.impl.modules):
        part = getattr(algorithm.impl.modules, field.name)
        if isinstance(part, nn.Module):
            modules[field.name] = part
        elif hasattr(part, "optim"):
            optimisers[field.name] = part.optim
    return modules, optimisers
