"""CQL where actions are discrete: d3rlpy's DiscreteCQL, a double DQN with the conservative term
(Kumar et al. 2020, equation 4). `baselines/cql.py` comes here with such data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.choices import choose
from bench.context import Context
from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.fit import Update, fit
from bench.machine import importing
from bench.networks import arrays_of, flat, normalise, predict
from bench.optimisers import Adam
from bench.tensors import write_tensors

if TYPE_CHECKING:
    from baselines.cql import Config

STD_FLOOR = 1e-3  # as with continuous actions


class GreedyPolicy:
    """The action with the highest value, by an MLP of the observation."""

    def __init__(self, values: nn.Sequential, mean: F32, std: F32, device: str) -> None:
        """Take the network and the observations' statistics, (obs,)."""
        self.values = values
        self.mean, self.std = mean, std
        self.device = device

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; there is nothing to remember, and `targets` are not used."""

    def act(self, observations: Array, rewards: F32) -> I64:
        """Return actions (L,) for observations (L, *obs); `rewards` are not used."""
        states = normalise(flat(observations), self.mean, self.std, STD_FLOOR)
        return choose(predict(self.values, states, self.device), 0, [])

    def save(self, path: Any) -> None:
        """Write the network's weights and the normalisation."""
        tensors = arrays_of(self.values, "values.") | {"mean": self.mean, "std": self.std}
        write_tensors(path, tensors, method="cql", discrete=True)


def train(data: Trajectories, config: Config, context: Context) -> GreedyPolicy:
    """Learn from transitions; the last step of an episode cut by the time limit has no next state
    and is left out.
    """
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    with context.torch_random():
        algorithm = _create(config, len(mean), data.choices, context.device)

        def policy() -> GreedyPolicy:
            values = values_of(algorithm).to(context.device)
            return GreedyPolicy(values, mean, std, context.device)

        modules = algorithm.impl.modules
        parts = {"q_funcs": modules.q_funcs, "targ_q_funcs": modules.targ_q_funcs}
        fit(
            update_of(algorithm, data, config),
            parts,
            {"optim": modules.optim.optim},
            policy,
            context,
        )
    return policy()


def update_of(algorithm: Any, data: Trajectories, config: Config) -> Update:
    """Return the update of a d3rlpy DiscreteCQL: one step on `config.batch_size` transitions."""
    from d3rlpy.dataset import TransitionMiniBatch

    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    observations = flat(data.observations)
    usable = np.flatnonzero(~np.asarray(data.timeouts))
    if len(usable) == 0:
        raise ValueError(
            "every step of the data is an episode's last, cut by the time limit: CQL has no transition"
        )

    def update(step: int, generator: np.random.Generator) -> Tensor:
        now = usable[generator.integers(len(usable), size=config.batch_size)]
        following = np.minimum(now + 1, data.steps - 1)
        goes_on = ~data.terminals[now][:, None]
        batch = TransitionMiniBatch(
            observations=normalise(observations[now], mean, std, STD_FLOOR),
            actions=data.actions[now][:, None].astype(np.float32),
            rewards=data.rewards[now][:, None],
            next_observations=normalise(observations[following], mean, std, STD_FLOOR) * goes_on,
            next_actions=data.actions[following][:, None].astype(np.float32),
            terminals=data.terminals[now][:, None].astype(np.float32),
            intervals=np.ones((config.batch_size, 1), dtype=np.float32),
            transitions=[],
        )
        # a resumed run copies its target at the same steps
        algorithm.set_grad_step(step)
        return torch.tensor(algorithm.update(batch)["loss"])

    return update


def values_of(algorithm: Any) -> nn.Sequential:
    """Return a copy of d3rlpy's first Q function as a plain MLP."""
    tensors = list(algorithm.impl.modules.q_funcs[0].state_dict().values())
    shapes = [tuple(tensor.shape) for tensor in tensors if tensor.ndim == 2]
    with torch.random.fork_rng(devices=[]):
        values = network(shapes)
    pairs = zip(values.state_dict(), (tensor.cpu() for tensor in tensors), strict=True)
    values.load_state_dict(dict(pairs))
    return values


def network(shapes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return Linear layers of these weight shapes (out, in) with ReLU between them."""
    layers: list[nn.Module] = []
    for size_out, size_in in shapes:
        layers += [nn.Linear(size_in, size_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _create(config: Config, observation_size: int, choices: int, device: str) -> Any:
    with importing():
        import d3rlpy

    from baselines._encoders import encoder_of

    algorithm = d3rlpy.algos.DiscreteCQLConfig(
        learning_rate=config.critic_learning_rate,
        optim_factory=adam(),
        encoder_factory=encoder_of(config),
        batch_size=config.batch_size,
        gamma=config.discount,
        target_update_interval=config.target_interval,
        alpha=config.conservative_weight,
    ).create(device="cpu:0" if device == "cpu" else device)
    algorithm.create_impl((observation_size,), choices)
    return algorithm


def adam() -> Any:
    """Return d3rlpy's factory of Adam, of ours: torch's without its compiler."""
    from d3rlpy.optimizers import AdamFactory

    class Factory(AdamFactory):  # type: ignore[misc]
        def create_optimizer(self, named_modules: Any, lr: float) -> Adam:
            parameters = [p for _, module in named_modules for p in module.parameters()]
            return Adam(
                dict.fromkeys(parameters),
                lr=lr,
                betas=self.betas,
                eps=self.eps,
                weight_decay=self.weight_decay,
                amsgrad=self.amsgrad,
            )

    return Factory()
