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

from baselines._d3rlpy import STD_FLOOR, adam, device_of, positive, update_of, vectors_of
from bench.core.machine import importing
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, normalise, predict, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.training import fit


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

    def __post_init__(self) -> None:
        positive(self, "layers", "width", "batch_size", "action_samples")


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
    """Learn from transitions; the last step of an episode cut by the time limit has no next state
    and is left out.

    Raises:
        ValueError: actions are discrete, or no step is a transition.
    """
    if data.discrete:
        raise ValueError(
            f"cql learns continuous actions, and these are {data.n_actions} discrete ones: use "
            f"{'discrete_cql' if data.stack == 1 else 'cql_atari'}"
        )
    mean, std = data.observation_mean, data.observation_std
    with context.torch_random():
        sizes = data.observations.shape[1], data.actions.shape[1]
        algorithm = _create(config, *sizes, context.device)

        def policy() -> CqlPolicy:
            actor = actor_of(algorithm).to(context.device)
            return CqlPolicy(actor, mean, std, context.device)

        update = update_of(
            algorithm, data, *vectors_of(data), batch_size=config.batch_size, loss="critic_loss"
        )
        fit(update, *_parts(algorithm), policy, context)
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


def actor_of(algorithm: Any) -> nn.Sequential:
    """Return a copy of the part of d3rlpy's policy that gives the mode of its actions."""
    tensors = [t for name, t in algorithm.impl.policy.state_dict().items() if "logstd" not in name]
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

        from baselines._encoders import encoder_of

    encoder = encoder_of(config.layers, config.width, config.precision)
    algorithm = d3rlpy.algos.CQLConfig(
        actor_learning_rate=config.actor_learning_rate,
        critic_learning_rate=config.critic_learning_rate,
        temp_learning_rate=config.temperature_learning_rate,
        alpha_learning_rate=config.alpha_learning_rate,
        actor_optim_factory=adam(config.adam_epsilon),
        critic_optim_factory=adam(config.adam_epsilon),
        temp_optim_factory=adam(config.adam_epsilon),
        alpha_optim_factory=adam(config.adam_epsilon),
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        batch_size=config.batch_size,
        gamma=config.discount,
        tau=config.target_rate,
        conservative_weight=config.conservative_weight,
        n_action_samples=config.action_samples,
    ).create(device=device_of(device))
    algorithm.create_impl((observation_size,), action_size)
    return algorithm


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
