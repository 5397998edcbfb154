"""CQL with discrete actions, whatever the observations: d3rlpy's DiscreteCQL, a double DQN with the
conservative term (Kumar et al. 2020, equation 4).

`discrete_cql.py` sees vectors with it, `cql_atari.py` stacks of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from baselines._d3rlpy import (
    STD_FLOOR,
    Pairs,
    adam,
    device_of,
    positive,
    update_of,
)
from bench.core.machine import importing
from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, flat, normalise, predict, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.sampling import choose, generators_of
from bench.methods.training import Averaged, check_average_decay, decaying, fit

STRIDES = (4, 2, 1)  # of d3rlpy's convolutions


@dataclass(frozen=True)
class DiscreteConfig:
    """Hyperparameters of DiscreteCQL that do not depend on the kind of observations."""

    batch_size: int = 256
    learning_rate: float = 3e-4
    adam_epsilon: float = 1e-8
    conservative_weight: float = 5.0  # d3rlpy's alpha
    discount: float = 0.99
    # updates between two copies of the network to its target (d3rlpy's target_update_interval)
    target_interval: int = 8000
    # of the value of each action, learned instead of its mean (Dabney et al. 2018); 0: the mean
    quantiles: int = 0
    # probability of a random action in place of the best one: a deterministic policy can wait for ever
    epsilon: float = 0.0
    # arithmetic of the matrix products of the hidden layers while it learns; it acts in float32
    precision: Literal["float32", "bfloat16"] = "float32"
    # of the learning rate. constant: as in d3rlpy; cosine: it falls to almost zero at the last update
    schedule: Literal["constant", "cosine"] = "constant"
    # decay of the moving average of the weights, which acts in their place: average = decay * average +
    # (1 - decay) * weights after each update. 0: the weights after the last update act, as in d3rlpy
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        positive(self, "batch_size", "target_interval")
        check_average_decay(self.average_decay)
        if self.quantiles < 0:
            raise ValueError(f"quantiles must not be negative, not {self.quantiles}")
        if not 0 <= self.epsilon <= 1:
            raise ValueError(f"epsilon must be at least 0 and at most 1, not {self.epsilon}")


class GreedyPolicy:
    """The action with the highest value, by a network of the observation: an MLP, after convolutions
    where observations are images. With probability `epsilon` a random action instead.
    """

    def __init__(
        self, values: nn.Sequential, mean: F32, std: F32, device: str, epsilon: float = 0.0
    ) -> None:
        """Take the network and the observations' statistics: (obs,) each for vectors; for images
        (1, H, W) or (1, 1, 1).
        """
        self.values = values
        self.mean, self.std = mean, std
        self.device = device
        self.epsilon = epsilon

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; there is nothing to remember, and `targets` are not used."""
        self.generators = generators_of(seeds)

    def act(self, observations: Array, rewards: F32) -> I64:
        """Return actions (L,) for observations (L, *obs); `rewards` are not used."""
        if self.mean.ndim == 3:
            states = normalise(observations, self.mean, self.std, 0)
        else:
            states = normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        values = predict(self.values, states, self.device)
        best = choose(values, 0, [])
        if self.epsilon == 0:
            return best
        envs = [(env.random(), env.integers(values.shape[1])) for env in self.generators]
        draws, others = (np.array(column) for column in zip(*envs, strict=True))
        return np.where(draws < self.epsilon, others, best)

    def save(self, path: Path) -> None:
        """Write the network's weights and the normalisation."""
        tensors = arrays_of(self.values, "values.") | {"mean": self.mean, "std": self.std}
        write_tensors(path, tensors, method="discrete_cql", epsilon=self.epsilon)


def load(path: Path, device: str) -> GreedyPolicy:
    """Read what `GreedyPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="discrete_cql")
    weights = below("values.", tensors)
    with torch.random.fork_rng(devices=[]):
        shapes = [weights[name].shape for name in weights if weights[name].ndim > 1]
        values = network(shapes).to(device)
    set_arrays(values, weights)
    return GreedyPolicy(values, tensors["mean"], tensors["std"], device, about["epsilon"])


def create(
    config: DiscreteConfig,
    shape: tuple[int, ...],
    actions: int,
    device: str,
    *,
    encoder: Any,
    scaler: Any = None,
    fused: bool = False,
) -> Any:
    """Return d3rlpy's DiscreteCQL with its networks; their weights come from torch's generator.

    Args:
        config: hyperparameters.
        shape: of an observation.
        actions: how many there are.
        device: a torch device.
        encoder: d3rlpy's factory of the hidden layers.
        scaler: d3rlpy's scaler of observations.
        fused: Adam updates all weights in one call; the last bits differ.
    """
    with importing():
        import d3rlpy

    functions = d3rlpy.models.q_functions
    algorithm = d3rlpy.algos.DiscreteCQLConfig(
        learning_rate=config.learning_rate,
        optim_factory=adam(config.adam_epsilon, fused=fused),
        encoder_factory=encoder,
        q_func_factory=functions.QRQFunctionFactory(n_quantiles=config.quantiles)
        if config.quantiles
        else functions.MeanQFunctionFactory(),
        observation_scaler=scaler,
        batch_size=config.batch_size,
        gamma=config.discount,
        target_update_interval=config.target_interval,
        alpha=config.conservative_weight,
    ).create(device=device_of(device))
    algorithm.create_impl(shape, actions)
    return algorithm


def learn(
    algorithm: Any,
    data: Trajectories,
    transitions: tuple[I64, Pairs],
    config: DiscreteConfig,
    statistics: tuple[F32, F32],
    context: Context,
) -> GreedyPolicy:
    """Train a d3rlpy DiscreteCQL and return its policy.

    Args:
        algorithm: what `create` returned.
        data: gives actions, rewards and terminals.
        transitions: the steps that are transitions, and what gives their observations.
        config: hyperparameters.
        statistics: mean and standard deviation of observations, for `GreedyPolicy`.
        context: budget, seed and services of the run.
    """
    modules = algorithm.impl.modules
    networks = {"q_funcs": modules.q_funcs, "targ_q_funcs": modules.targ_q_funcs}
    optimiser = modules.optim.optim
    update = update_of(algorithm, data, *transitions, batch_size=config.batch_size, loss="loss")
    if config.schedule == "cosine":
        update = decaying(update, [optimiser], context.steps)
    [acting] = modules.q_funcs
    if config.average_decay:
        average = Averaged(acting, config.average_decay)
        update, acting = average.after(update), average.average
        networks["average"] = acting

    def policy() -> GreedyPolicy:
        values = values_of(acting, config.quantiles).to(context.device)
        return GreedyPolicy(values, *statistics, context.device, config.epsilon)

    fit(update, networks, {"optim": optimiser}, policy, context)
    return policy()


def values_of(q_function: nn.Module, quantiles: int) -> nn.Sequential:
    """Return a copy of a d3rlpy Q function as a plain network; of quantiles, which are linear in its last
    hidden layer, it gives the mean.
    """
    tensors = [tensor.cpu() for tensor in q_function.state_dict().values()]
    if quantiles:
        tensors[-2:] = [part.unflatten(0, (-1, quantiles)).mean(1) for part in tensors[-2:]]
    with torch.random.fork_rng(devices=[]):
        values = network([tuple(tensor.shape) for tensor in tensors if tensor.ndim > 1])
    values.load_state_dict(dict(zip(values.state_dict(), tensors, strict=True)))
    return values


def network(shapes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return Linear layers of these weight shapes (out, in) with ReLU between them; before them
    convolutions, (out, in, side, side).
    """
    convolutions = [shape for shape in shapes if len(shape) == 4]
    layers: list[nn.Module] = []
    for shape, stride in zip(convolutions, STRIDES, strict=False):
        layers += [nn.Conv2d(shape[1], shape[0], shape[2], stride), nn.ReLU()]
    layers += [nn.Flatten()] if convolutions else []
    for size_out, size_in in shapes[len(convolutions) :]:
        layers += [nn.Linear(size_in, size_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
