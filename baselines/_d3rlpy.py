"""What all methods that learn with d3rlpy share: the transitions, the update and Adam.

d3rlpy is imported where it is needed, so that a policy acts without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.networks import flat, normalise
from bench.methods.optimisers import Adam
from bench.methods.training import Update

STD_FLOOR = 1e-3  # github.com/tinkoff-ai/CORL at 6afec90, algorithms/cql.py, compute_mean_std

Pairs = Callable[[I64], tuple[Array, Array]]  # steps (B,) to observations and next observations


def positive(config: Any, *names: str) -> None:
    """Refuse a configuration in which one of these fields is below 1.

    Raises:
        ValueError: names the field and its value.
    """
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} must be at least 1, not {getattr(config, name)}")


def vectors_of(data: Trajectories) -> tuple[I64, Pairs]:
    """Return the steps that are transitions, and a function from steps (B,) to their standardised
    observations and next observations, (B, obs) each.

    The last step of an episode cut by the time limit is no transition: its next observation counts
    as unknown. After a terminal d3rlpy expects zeros.
    """
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    observations = flat(data.observations)

    def pairs(now: I64) -> tuple[F32, F32]:
        following = observations[np.minimum(now + 1, data.steps - 1)]
        goes_on = ~data.terminals[now][:, None]
        return (
            normalise(observations[now], mean, std, STD_FLOOR),
            normalise(following, mean, std, STD_FLOOR) * goes_on,
        )

    return np.flatnonzero(~np.asarray(data.timeouts)), pairs


def update_of(
    algorithm: Any, data: Trajectories, usable: I64, pairs: Pairs, *, batch_size: int, loss: str
) -> Update:
    """Return the update of a d3rlpy algorithm: one step on a batch of transitions.

    Args:
        algorithm: d3rlpy's, with its networks.
        data: gives actions, rewards and terminals.
        usable: the steps that are transitions, (U,).
        pairs: gives observations and next observations of steps.
        batch_size: transitions in a batch, B.
        loss: the name under which d3rlpy returns the loss.

    Raises:
        ValueError: no step of the data is a transition.
    """
    from d3rlpy.dataset import TransitionMiniBatch

    if len(usable) == 0:
        raise ValueError(
            "every step of the data is an episode's last, cut by the time limit: CQL has no transition"
        )

    def actions_of(steps: I64) -> F32:
        return data.actions[steps].reshape(len(steps), -1).astype(np.float32)

    def update(step: int, generator: np.random.Generator) -> Tensor:
        now = usable[generator.integers(len(usable), size=batch_size)]
        observations, next_observations = pairs(now)
        terminals = data.terminals[now][:, None]
        batch = TransitionMiniBatch(
            observations=observations,
            actions=actions_of(now),
            rewards=data.rewards[now][:, None],
            next_observations=next_observations,
            next_actions=actions_of(np.minimum(now + 1, data.steps - 1)) * ~terminals,
            terminals=terminals.astype(np.float32),
            intervals=np.ones((batch_size, 1), dtype=np.float32),
            transitions=[],
        )
        # d3rlpy copies a target network at multiples of this number: a resumed run does so at the same steps
        algorithm.set_grad_step(step)
        return torch.tensor(algorithm.update(batch)[loss])

    return update


def adam(epsilon: float, *, fused: bool = False) -> Any:
    """Return a d3rlpy factory of Adam that makes `bench.methods.optimisers.Adam`, which loads no compiler."""
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
                fused=fused,
            )

    return Factory(eps=epsilon)


def device_of(device: str) -> str:
    """Return d3rlpy's name of a torch device."""
    return "cpu:0" if device == "cpu" else device
