"""Behaviour cloning with an MLP, as in the paper's Table 10 (p.19). The paper found it stronger than a
transformer without returns.

What the table does not say is from github.com/kzl/decision-transformer at e2d82e6 (kzl),
gym/decision_transformer/models/mlp_bc.py. The network of that code sees the last K = 20 states by
default; this one sees the current state, or the latest few with `history`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.networks import (
    arrays_of,
    flat,
    normalise,
    normaliser,
    predict,
    set_arrays,
    shared,
    vectors,
)
from bench.methods.optimisers import AdamW
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.sampling import choose, generators_of
from bench.methods.training import Averaged, check_average_decay, descend, fit

STD_FLOOR = 1e-6  # kzl gym/experiment.py, state_std


@dataclass(frozen=True)
class Config:
    """Hyperparameters of BC."""

    layers: int = 3  # Table 10
    width: int = 256  # Table 10; the code's default is 128
    dropout: float = 0.1  # Table 10
    batch_size: int = 64  # Table 10
    learning_rate: float = 1e-4  # Table 10
    weight_decay: float = 1e-4  # Table 10
    warmup_steps: int = (
        10_000  # kzl --warmup_steps; Table 10 says 10^5, four times BC's whole training
    )
    # discrete actions are drawn from the softmax of logits / temperature; 0 takes the likeliest
    temperature: float = 1.0
    history: int = (
        1  # latest states that are seen, oldest first; kzl --K: 20, Table 10 says nothing
    )
    # of the learning rate. constant: after the warm-up (kzl); cosine: falls to almost zero at the last update
    schedule: Literal["constant", "cosine"] = "constant"
    # decay of the moving average of the weights, which acts in their place. 0: the weights after the last
    # update act, as in kzl
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        for name in ("layers", "width", "batch_size", "history"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, not {self.temperature}")
        check_average_decay(self.average_decay)


class MlpPolicy:
    """a = tanh(MLP(normalised observation)), or of the latest `history` observations side by side;
    where actions are discrete the MLP gives their logits.

    States before an episode's first step are zero *after* normalisation, in training and in acting.
    (kzl pads with zeros before normalisation in training, which makes -mean / std, and after it in
    acting.)
    """

    def __init__(
        self, network: nn.Sequential, config: Config, mean: F32, std: F32, device: str
    ) -> None:
        """Take observations' statistics (obs,); a network that ends without tanh gives logits."""
        self.network = network
        self.discrete = not isinstance(network[-1], nn.Tanh)
        self.config = config
        self.mean, self.std = mean, std
        self.device = device
        self.latest = self._nothing(0)

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes and forget earlier ones; `targets` are not used."""
        self.latest = self._nothing(len(seeds))
        self.generators = generators_of(seeds) if self.discrete else []

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) where they are discrete, for observations (L, *obs);
        `rewards` are not used.
        """
        states = normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        if self.config.history > 1:
            self.latest = np.concatenate([self.latest[:, 1:], states[:, None]], axis=1)
            states = self.latest.reshape(len(states), -1)
        predicted = predict(self.network, states, self.device)
        if self.discrete:
            return choose(predicted, self.config.temperature, self.generators)
        return predicted

    def _nothing(self, envs: int) -> F32:
        """Return a history (envs, history, obs) of which nothing has happened yet."""
        return np.zeros((envs, self.config.history, len(self.mean)), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        tensors = arrays_of(self.network, "network.") | {"mean": self.mean, "std": self.std}
        about = {"discrete": True} if self.discrete else {}
        write_tensors(path, tensors, method="bc", config=asdict(self.config), **about)


def train(data: Trajectories, config: Config, context: Context) -> MlpPolicy:
    """Minimise the mean squared error of the actions, or their cross-entropy where they are
    discrete.

    Raises:
        ValueError: observations are stacks of frames, or `temperature` is set where actions are
            continuous.
    """
    if not data.discrete and config.temperature != 1:
        raise ValueError(
            f"temperature {config.temperature:g} is of discrete actions, and these are continuous: "
            "remove it"
        )
    actions = shared(data.actions, context.device)
    inputs = _inputs(data, config.history, context.device)
    with context.torch_random():
        mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
        size = data.n_actions if data.discrete else actions.shape[1]
        network = _build(config, config.history * len(mean), size, discrete=data.discrete)
        network.to(context.device)
        acting = Averaged(network, config.average_decay) if config.average_decay else None
        policy = MlpPolicy(acting.average if acting else network, config, mean, std, context.device)
        optimiser = AdamW(
            network.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

        def loss_of_batch(generator: np.random.Generator) -> Tensor:
            steps = generator.integers(len(actions), size=config.batch_size)
            rows = torch.from_numpy(steps).to(context.device)
            predicted: Tensor = network(inputs(steps))
            if data.discrete:
                return functional.cross_entropy(predicted, actions[rows])
            return (predicted - actions[rows]).square().mean()

        update = descend(
            loss_of_batch,
            network,
            optimiser,
            warmup_steps=config.warmup_steps,
            decay_steps=context.steps if config.schedule == "cosine" else None,
        )
        modules: dict[str, nn.Module] = {"network": network}
        if acting:
            update, modules["average"] = acting.after(update), acting.average
        fit(update, modules, {"adamw": optimiser}, lambda: policy, context)
    return policy


def load(path: Path, device: str, kind: type[Config] = Config) -> MlpPolicy:
    """Read what `MlpPolicy.save` wrote.

    Args:
        path: the file.
        device: a torch device.
        kind: the class of the policy's configuration; %BC has one of its own.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="bc")
    config = kind(**about["config"])
    weights = below("network.", tensors)
    matrices = [tensor for tensor in weights.values() if tensor.ndim == 2]
    with torch.random.fork_rng(devices=[]):
        network = _build(
            config,
            matrices[0].shape[1],
            matrices[-1].shape[0],
            discrete=about.get("discrete", False),
        ).to(device)
    set_arrays(network, weights)
    return MlpPolicy(network, config, tensors["mean"], tensors["std"], device)


def _inputs(data: Trajectories, history: int, device: str) -> Callable[[I64], Tensor]:
    """Return a function from steps of the flat arrays (B,) to inputs (B, history * obs)."""
    observations = shared(vectors(data), device)
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    normalised = normaliser(mean, std, STD_FLOOR, device)

    def current(steps: I64) -> Tensor:
        return normalised(observations[torch.from_numpy(steps).to(device)])

    def latest(steps: I64) -> Tensor:
        first = data.episode_starts[np.searchsorted(data.episode_starts, steps, side="right") - 1]
        index = steps[:, None] + np.arange(1 - history, 1)
        inside = index >= first[:, None]
        states = current(np.where(inside, index, steps[:, None]))
        before = torch.from_numpy(~inside).to(device)
        return states.masked_fill(before.unsqueeze(2), 0).flatten(1)

    return current if history == 1 else latest


def _build(
    config: Config, input_size: int, action_size: int, *, discrete: bool = False
) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Linear(input_size, config.width)]
    for _ in range(config.layers - 1):
        layers += [nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(config.width, config.width)]
    layers += [nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(config.width, action_size)]
    return nn.Sequential(*layers, *([] if discrete else [nn.Tanh()]))
