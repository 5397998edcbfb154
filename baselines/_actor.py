"""What CQL, IQL and TD3+BC with continuous actions share: the actor as a plain network that acts
without d3rlpy, its file, and a training of d3rlpy's algorithm.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines._d3rlpy import STD_FLOOR, update_of, vectors_of
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.networks import arrays_of, normalise, predict, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors
from bench.methods.training import Averaged, decaying, fit


class ActorPolicy:
    """a = tanh(MLP(standardised observation)): the most likely action of a policy of d3rlpy."""

    def __init__(
        self, actor: nn.Sequential, mean: F32, std: F32, device: str, *, method: str
    ) -> None:
        """Take the statistics of the observations, (obs,), and the method that the file names."""
        self.actor = actor
        self.mean, self.std = mean, std
        self.device = device
        self.method = method

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; there is nothing to remember, and `targets` are not used."""

    def act(self, observations: F32, rewards: F32) -> F32:
        """Return actions (L, act) for observations (L, obs); `rewards` are not used."""
        return predict(
            self.actor, normalise(observations, self.mean, self.std, STD_FLOOR), self.device
        )

    def save(self, path: Path) -> None:
        """Write the actor's weights and the normalisation; the critics are not needed to act."""
        tensors = arrays_of(self.actor, "actor.") | {"mean": self.mean, "std": self.std}
        write_tensors(path, tensors, method=self.method)


def load_actor(path: Path, device: str, *, method: str) -> ActorPolicy:
    """Read what `ActorPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, _ = read_tensors(path, method=method)
    weights = below("actor.", tensors)
    with torch.random.fork_rng(devices=[]):
        actor = _mlp([weights[name].shape for name in weights if weights[name].ndim == 2]).to(
            device
        )
    set_arrays(actor, weights)
    return ActorPolicy(actor, tensors["mean"], tensors["std"], device, method=method)


def actor_of(policy: nn.Module) -> nn.Sequential:
    """Return a copy of the part of a policy of d3rlpy that gives its most likely action."""
    tensors = [tensor for name, tensor in policy.state_dict().items() if "logstd" not in name]
    with torch.random.fork_rng(devices=[]):
        actor = _mlp([tuple(tensor.shape) for tensor in tensors if tensor.ndim == 2])
    actor.load_state_dict(
        dict(zip(actor.state_dict(), (tensor.cpu() for tensor in tensors), strict=True))
    )
    return actor


def check_actions(data: Trajectories, method: str) -> None:
    """Refuse actions that a network with tanh at its end cannot give.

    Raises:
        ValueError: actions are discrete, or do not go from -1 to 1.
    """
    if data.discrete:
        raise ValueError(
            f"{method} learns continuous actions from vectors, and these are {data.n_actions} discrete actions"
        )
    if (data.action_low, data.action_high) != (-1, 1):
        raise ValueError(
            f"{method} learns actions from -1 to 1, and these go from {data.action_low:g} to "
            f"{data.action_high:g}: scale the actions of the data and of the environment"
        )


def parts_of(
    algorithm: Any,
) -> tuple[dict[str, nn.Module], dict[str, torch.optim.Optimizer]]:
    """Return every network and optimiser that an update of d3rlpy's algorithm changes, by name."""
    modules: dict[str, nn.Module] = {}
    optimisers: dict[str, torch.optim.Optimizer] = {}
    for field in dataclasses.fields(algorithm.impl.modules):
        part = getattr(algorithm.impl.modules, field.name)
        if isinstance(part, nn.Module):
            modules[field.name] = part
        elif hasattr(part, "optim"):
            optimisers[field.name] = part.optim
    return modules, optimisers


def train_actor(
    algorithm: Any,
    data: Trajectories,
    context: Context,
    *,
    method: str,
    batch_size: int,
    average_decay: float,
    decayed: Iterable[str] | None,
) -> ActorPolicy:
    """Train an algorithm of d3rlpy on transitions and return its actor. Call it inside
    `context.torch_random()`.

    Args:
        algorithm: d3rlpy's, with its networks.
        data: continuous actions and vectors.
        context: of the run.
        method: the method's name.
        batch_size: transitions in a batch.
        average_decay: of the moving average of the actor's weights, which acts; 0: the last weights act.
        decayed: names of the optimisers whose learning rates fall to 0 over the training; None: all.

    Raises:
        ValueError: no step of the data is a transition.
    """
    modules, optimisers = parts_of(algorithm)
    update = update_of(
        algorithm, data, *vectors_of(data), batch_size=batch_size, loss="critic_loss"
    )
    falling = optimisers if decayed is None else decayed
    update = decaying(update, [optimisers[name] for name in falling], context.steps)
    acting: nn.Module = algorithm.impl.policy
    if average_decay:
        averaged = Averaged(acting, average_decay)
        update, acting = averaged.after(update), averaged.average
        modules["average"] = acting
    mean, std = data.observation_mean, data.observation_std

    def policy() -> ActorPolicy:
        actor = actor_of(acting).to(context.device)
        return ActorPolicy(actor, mean, std, context.device, method=method)

    fit(update, modules, optimisers, policy, context)
    return policy()


def _mlp(shapes: list[tuple[int, ...]]) -> nn.Sequential:
    """Return Linear layers of these weight shapes (out, in) with ReLU between them and tanh at the
    end.
    """
    layers: list[nn.Module] = []
    for size_out, size_in in shapes:
        layers += [nn.Linear(size_in, size_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1], nn.Tanh())
