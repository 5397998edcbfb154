"""Training windows: K steps of an episode, gathered from flat arrays by index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Trajectories
from bench.networks import normaliser, shared

STD_FLOOR = 1e-6  # kzl gym/experiment.py, state_std: (s - mean) / (std + 1e-6)


@dataclass(frozen=True)
class Batch:
    """B windows of K steps, padded on the right with zeros."""

    returns_to_go: Tensor  # (B, K) scaled
    states: Tensor  # (B, K, obs) normalised
    actions: Tensor  # (B, K, act)
    timesteps: Tensor  # (B, K) int64
    valid: Tensor  # (B, K) bool; False is padding

    def inputs(self, steps: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the model's inputs: returns-to-go, states, actions, time steps of the first
        `steps` steps.
        """
        return (
            self.returns_to_go[:, :steps],
            self.states[:, :steps],
            self.actions[:, :steps],
            self.timesteps[:, :steps],
        )


def returns_to_go(data: Trajectories, discount: float) -> F32:
    """Return this and all later rewards of the same episode, (N,); a reward k steps later counts
    discount^k.
    """
    if discount == 1:
        return data.returns_to_go()
    result, last = data.rewards.astype(np.float64), data.bounds[1:] - 1
    for back in range(1, int(data.lengths.max())):  # of all episodes at once
        row = (last - back)[data.lengths > back]
        result[row] += discount * result[row + 1]
    return result.astype(np.float32)


class Windows:
    """Draws windows as the paper's code does: an episode with probability proportional to its
    length, a start uniform over its steps, cut at its end (kzl gym/experiment.py, get_batch).
    Together that is a start uniform over all steps of the data.
    """

    def __init__(
        self,
        data: Trajectories,
        context_length: int,
        return_scale: float,
        device: str,
        *,
        discount: float = 1.0,
    ) -> None:
        """Compute the returns-to-go; observations and actions stay where they are (`shared`)."""
        self.context_length = context_length
        self.steps, self.bounds = data.steps, data.bounds
        scaled = returns_to_go(data, discount) / np.float32(return_scale)
        self.returns_to_go = torch.from_numpy(scaled).to(device)
        self.observations = shared(data.observations, device)
        self.actions = shared(data.actions, device)
        self.normalised = normaliser(data.observation_mean, data.observation_std, STD_FLOOR, device)

    def sample(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of windows."""
        return self.at(generator.integers(self.steps, size=size))

    def at(self, starts: I64) -> Batch:
        """Return the windows that start at these steps of the flat arrays."""
        device = self.actions.device
        episode = np.searchsorted(self.bounds, starts, side="right") - 1
        index = starts[:, None] + np.arange(self.context_length)
        inside = index < self.bounds[episode + 1][:, None]
        rows = torch.from_numpy(np.where(inside, index, starts[:, None])).to(device)
        timesteps = torch.from_numpy(index - self.bounds[episode][:, None]).to(device)
        valid = torch.from_numpy(inside).to(device)
        padding = ~valid
        states = self.normalised(self.observations[rows])
        return Batch(
            returns_to_go=self.returns_to_go[rows].masked_fill(padding, 0),
            states=states.masked_fill(padding.unsqueeze(2), 0),
            actions=self.actions[rows].masked_fill(padding.unsqueeze(2), 0),
            timesteps=timesteps.masked_fill(padding, 0),
            valid=valid,
        )
