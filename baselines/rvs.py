"""RvS-R (Emmons et al. 2021, arXiv 2112.10751): an MLP that is given a state and the average reward that is still
to come, and imitates the action that was taken there.

Where the paper's text is short, the authors' code decides: github.com/scottemmons/rvs at 388ff34 (`rvs` below).
The network is that of its library, stable-baselines3: a Gaussian with a standard deviation that does not depend on
the input. The Decision Transformer paper has no RvS. Observations are standardised here, as for the other methods;
the authors leave them as they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.datasets.trajectories import F32, F64, I64, Array, Trajectories
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
from bench.methods.optimisers import Adam
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.sampling import choose, generators_of
from bench.methods.training import Averaged, check_average_decay, descend, fit

STD_FLOOR = 1e-6  # as in baselines/bc.py


@dataclass(frozen=True)
class Config:
    """Hyperparameters of RvS-R; the defaults are those of rvs experiments/config/d4rl/gym_rvs_r.cfg."""

    layers: int = 2  # hidden layers
    width: int = 1024  # of each hidden layer
    dropout: float = 0.0  # after each hidden layer
    batch_size: int = 16_384
    learning_rate: float = 1e-3
    # what the policy asks for at each step. constant: target / horizon, as rvs src/rvs/step.py; remaining:
    # (target - rewards so far) / steps left, which is what the network was trained on
    asks: Literal["constant", "remaining"] = "constant"
    # discrete actions are drawn from the softmax of logits / temperature; 0 takes the likeliest, as the authors do
    temperature: float = 0.0
    # of the learning rate. cosine: it falls to almost zero at the last update
    schedule: Literal["constant", "cosine"] = "constant"
    # decay of the moving average of the weights, which acts in their place. 0: the weights after the last update act
    average_decay: float = 0.0

    def __post_init__(self) -> None:
        for name in ("layers", "width", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, not {self.dropout}")
        if self.temperature < 0:
            raise ValueError(f"temperature must not be negative, not {self.temperature}")
        check_average_decay(self.average_decay)


def average_returns_to_go(data: Trajectories, horizon: int) -> F32:
    """Return what each step is conditioned on, (N,): the return-to-go divided by the number of steps that an episode
    of full length has left. An episode that fails early therefore has a small value at its end.

    rvs src/rvs/dataset.py, `reward_to_go`, takes the longest episode of the data as the full length. Here it is the
    task's horizon, which the policy can use as well.

    Args:
        data: rewards and bounds of E episodes with N steps.
        horizon: steps of an episode of full length.
    """
    step = np.arange(data.steps) - np.repeat(data.episode_starts[:-1], data.lengths)
    return np.asarray(data.returns_to_go() / (horizon - step), dtype=np.float32)


class RvsPolicy:
    """a = MLP(standardised observation, average reward asked for), cut to the range of actions: the mean of the
    Gaussian, which is its most likely action. Where actions are discrete the MLP gives their logits.
    """

    def __init__(
        self,
        network: nn.Sequential,
        config: Config,
        *,
        mean: F32,
        std: F32,
        horizon: int,
        bounds: tuple[float, float] | None,
        device: str,
    ) -> None:
        """Take the statistics of the observations, (obs,), and the range of the actions; None if they are discrete."""
        self.network = network
        self.config = config
        self.mean, self.std = mean, std
        self.horizon = horizon
        self.bounds = bounds
        self.device = device

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes with these target returns (L,), in raw units."""
        self.remaining = targets.astype(np.float64)  # of the target, if rewards lower it
        self.generators = generators_of(seeds)
        self.step = 0

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) where they are discrete, for observations (L, *obs).

        Args:
            observations: (L, *obs).
            rewards: (L,), raw, of the previous actions. They are not used where `asks` is constant.
        """
        states = normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        asked = self.asked(rewards).astype(np.float32)[:, None]
        predicted = predict(self.network, np.concatenate([states, asked], axis=1), self.device)
        if self.bounds is None:
            return choose(predicted, self.config.temperature, self.generators)
        return np.asarray(np.clip(predicted, *self.bounds), dtype=np.float32)

    def asked(self, rewards: F32) -> F64:
        """Return the average reward to ask for at this step, (L,), and go on to the next step."""
        if self.config.asks == "constant":
            return self.remaining / self.horizon
        self.remaining = self.remaining - rewards
        left = max(self.horizon - self.step, 1)  # an environment may go on after the horizon
        self.step += 1
        return self.remaining / left

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        tensors = arrays_of(self.network, "network.") | {"mean": self.mean, "std": self.std}
        about = {"config": asdict(self.config), "horizon": self.horizon, "bounds": self.bounds}
        write_tensors(path, tensors, method="rvs", **about)


class Likelihood(nn.Module):
    """The network, and the logarithm of the standard deviation of each action, which acting does not need."""

    def __init__(self, network: nn.Sequential, action_size: int) -> None:
        super().__init__()
        self.network = network
        self.log_std = nn.Parameter(torch.zeros(action_size))  # as in stable-baselines3

    def forward(self, inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the negative log-likelihood of actions (B, act), summed over their dimensions, mean over the batch."""
        error: Tensor = (self.network(inputs) - actions) / self.log_std.exp()
        constant = 0.5 * float(np.log(2 * np.pi))
        return (0.5 * error.square() + self.log_std + constant).sum(dim=1).mean()


class Classes(nn.Module):
    """The network, where it gives the logits of discrete actions."""

    def __init__(self, network: nn.Sequential) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor, actions: Tensor) -> Tensor:
        """Return the negative log-likelihood of actions (B,), mean over the batch."""
        return functional.cross_entropy(self.network(inputs), actions)


def train(data: Trajectories, config: Config, context: Context) -> RvsPolicy:
    """Maximise the likelihood of the actions, given the observations and the average returns-to-go.

    Raises:
        ValueError: observations are stacks of frames, an episode of the data is longer than the task's horizon, or
            `temperature` is set where actions are continuous.
    """
    longest, horizon = int(data.lengths.max()), context.task.domain.horizon
    if longest > horizon:
        raise ValueError(
            f"the data hold an episode of {longest} steps, but {context.task.name} ends after "
            f"{horizon}: correct the data, or the `horizon` of {context.task.domain.name} in bench/tasks/*.toml"
        )
    if not data.discrete and config.temperature != 0:
        raise ValueError(
            f"temperature {config.temperature:g} is of discrete actions, and these are continuous: remove it"
        )
    observations = shared(vectors(data), context.device)
    actions = shared(data.actions, context.device)
    outcomes = torch.from_numpy(average_returns_to_go(data, horizon)).to(context.device)[:, None]
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    normalised = normaliser(mean, std, STD_FLOOR, context.device)
    with context.torch_random():
        size = data.n_actions if data.discrete else data.actions.shape[1]
        network = _build(config, len(mean) + 1, size, initialise=True)
        module: Likelihood | Classes = (
            Classes(network) if data.discrete else Likelihood(network, size)
        )
        module.to(context.device)
        acting = Averaged(module, config.average_decay) if config.average_decay else None
        policy = RvsPolicy(
            acting.average.network if acting else network,
            config,
            mean=mean,
            std=std,
            horizon=horizon,
            bounds=None if data.discrete else (data.action_low, data.action_high),
            device=context.device,
        )
        optimiser = Adam(module.parameters(), lr=config.learning_rate, fused=True)

        def loss_of_batch(generator: np.random.Generator) -> Tensor:
            steps = generator.integers(data.steps, size=config.batch_size)
            rows = torch.from_numpy(steps).to(context.device)
            inputs = torch.cat([normalised(observations[rows]), outcomes[rows]], dim=1)
            loss: Tensor = module(inputs, actions[rows])
            return loss

        update = descend(
            loss_of_batch,
            module,
            optimiser,
            decay_steps=context.steps if config.schedule == "cosine" else None,
        )
        modules: dict[str, nn.Module] = {"module": module}
        if acting:
            update, modules["average"] = acting.after(update), acting.average
        fit(update, modules, {"adam": optimiser}, lambda: policy, context)
    return policy


def load(path: Path, device: str) -> RvsPolicy:
    """Read what `RvsPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="rvs")
    config = Config(**about["config"])
    weights = below("network.", tensors)
    matrices = [tensor for tensor in weights.values() if tensor.ndim == 2]
    with torch.random.fork_rng(devices=[]):
        network = _build(config, matrices[0].shape[1], matrices[-1].shape[0]).to(device)
    set_arrays(network, weights)
    bounds = about["bounds"]
    return RvsPolicy(
        network,
        config,
        mean=tensors["mean"],
        std=tensors["std"],
        horizon=about["horizon"],
        bounds=None if bounds is None else (bounds[0], bounds[1]),
        device=device,
    )


def _build(
    config: Config, input_size: int, output_size: int, *, initialise: bool = False
) -> nn.Sequential:
    """Return Linear layers with ReLU and dropout between them. New weights are orthogonal, with the gains of
    stable-baselines3: the square root of 2, and 0.01 for the last layer, so that first actions are near 0.
    """
    layers: list[nn.Module] = []
    for size_in in [input_size, *[config.width] * (config.layers - 1)]:
        layers += [nn.Linear(size_in, config.width), nn.ReLU(), nn.Dropout(config.dropout)]
    last = nn.Linear(config.width, output_size)
    if initialise:
        for layer in [*layers, last]:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight, 0.01 if layer is last else 2**0.5)
                nn.init.zeros_(layer.bias)
    return nn.Sequential(*layers, last)
