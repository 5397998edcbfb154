"""What all methods that learn with d3rlpy share: the transitions, the update and Adam.

d3rlpy is imported where it is needed, so that a policy acts without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Array, Bools, Trajectories
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


def terminals_of(data: Trajectories) -> Bools:
    """Return after which steps nothing follows, (N,): the terminals, and in data whose whole reward is given at the
    last step of each episode (the sparse variant) also a last step with an unknown next observation.

    Such a step would otherwise be left out, and with it all reward of its episode.
    """
    last = data.episode_starts[1:] - 1
    sparse = np.count_nonzero(data.rewards) == np.count_nonzero(data.rewards[last])
    if data.final_observations is None and sparse:
        return np.asarray(data.terminals | data.timeouts)
    return data.terminals


def usable_steps(data: Trajectories) -> I64:
    """Return the steps that are transitions, (U,). Print one line where others are left out, or where a step cut by
    the time limit counts as a terminal.

    The next observation of the last step of an episode is in `final_observations`. In data without them, such as
    D4RL's -v0 files, the last step of an episode cut by the time limit is a terminal in the sparse variant
    (`terminals_of`), and is left out in the dense one, as d3rlpy does.
    """
    if data.final_observations is not None or not data.timeouts.any():
        return np.arange(data.steps)
    cut = f"the data have no final observations: {data.timeouts.sum()} steps cut by the time limit"
    if (terminals_of(data) & data.timeouts).any():
        print(f"{cut} count as terminals, because they hold the sparse reward", flush=True)
        return np.arange(data.steps)
    print(f"{cut} are left out, {np.mean(data.timeouts):.2%} of all", flush=True)
    return np.flatnonzero(~np.asarray(data.timeouts))


def vectors_of(data: Trajectories) -> tuple[I64, Pairs]:
    """Return the steps that are transitions (`usable_steps`), and a function from steps (B,) to their standardised
    observations and next observations, (B, obs) each. After a terminal d3rlpy expects zeros.
    """
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    observations, last = flat(data.observations), data.episode_starts[1:] - 1
    final = None if data.final_observations is None else flat(data.final_observations)
    terminals = terminals_of(data)

    def pairs(now: I64) -> tuple[F32, F32]:
        following = observations[np.minimum(now + 1, data.steps - 1)]
        cut = np.flatnonzero(data.timeouts[now])
        if final is not None and len(cut):
            following[cut] = final[np.searchsorted(last, now[cut])]
        return (
            normalise(observations[now], mean, std, STD_FLOOR),
            normalise(following, mean, std, STD_FLOOR) * ~terminals[now][:, None],
        )

    return usable_steps(data), pairs


def update_of(
    algorithm: Any, data: Trajectories, usable: I64, pairs: Pairs, *, batch_size: int, loss: str
) -> Update:
    """Return the update of a d3rlpy algorithm: one step on a batch of transitions.

    Args:
        algorithm: d3rlpy's, with its networks.
        data: gives actions, rewards and terminals (`terminals_of`).
        usable: the steps that are transitions, (U,).
        pairs: gives observations and next observations of steps.
        batch_size: transitions in a batch, B.
        loss: the name under which d3rlpy returns the loss.
    """
    from d3rlpy.dataset import TransitionMiniBatch

    final, ended = terminals_of(data), data.terminals | data.timeouts

    def actions_of(steps: I64) -> F32:
        return data.actions[steps].reshape(len(steps), -1).astype(np.float32)

    def update(step: int, generator: np.random.Generator) -> Tensor:
        now = usable[generator.integers(len(usable), size=batch_size)]
        observations, next_observations = pairs(now)
        terminals = final[now][:, None]
        batch = TransitionMiniBatch(
            observations=observations,
            actions=actions_of(now),
            rewards=data.rewards[now][:, None],
            next_observations=next_observations,
            next_actions=actions_of(np.minimum(now + 1, data.steps - 1)) * ~ended[now][:, None],
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
