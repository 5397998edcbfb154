"""Training windows: K steps of an episode, gathered from flat arrays by index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.networks import normaliser, shared, vectors

STD_FLOOR = 1e-6  # kzl gym/experiment.py, state_std: (s - mean) / (std + 1e-6)


@dataclass(frozen=True)
class Batch:
    """B windows of K steps, padded on the right with zeros."""

    returns_to_go: Tensor  # (B, K) scaled
    states: Tensor  # (B, K, obs) normalised
    actions: Tensor  # (B, K, act), or (B, K) int64 if discrete
    timesteps: Tensor  # (B, K) int64
    valid: Tensor  # (B, K) bool; False is padding
    earned: Tensor  # (B,) whether the episode's return is above 0, as 0.0 or 1.0

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
    """Return the sum of this and all later rewards of the same episode, (N,), where a reward k steps
    later has the weight discount^k.
    """
    if discount == 1:
        return data.returns_to_go()
    result, last = data.rewards.astype(np.float64), data.episode_starts[1:] - 1
    for back in range(1, int(data.lengths.max())):  # of all episodes at once
        row = (last - back)[data.lengths > back]
        result[row] += discount * result[row + 1]
    return result.astype(np.float32)


class Windows:
    """Draws windows as the paper's code does: an episode with probability proportional to its
    length, a start uniform over its steps, a window that ends with the episode (kzl
    gym/experiment.py, get_batch). So the start is uniform over all steps of the data. With
    `first_step` a window starts with its episode, and episodes are drawn uniformly.
    """

    def __init__(
        self,
        data: Trajectories,
        context_length: int,
        return_scale: float,
        device: str,
        *,
        discount: float = 1.0,
        starts: Literal["any_step", "first_step"] = "any_step",
    ) -> None:
        """Compute the returns-to-go; observations and actions are not copied (`shared`)."""
        self.whole_episodes = starts == "first_step"
        self.context_length = context_length
        self.steps, self.episode_starts = data.steps, data.episode_starts
        scaled = returns_to_go(data, discount) / np.float32(return_scale)
        self.returns_to_go = torch.from_numpy(scaled).to(device)
        self.earned = torch.from_numpy((data.returns > 0).astype(np.float32)).to(device)
        self.observations = shared(vectors(data), device)
        self.actions = shared(data.actions, device)
        mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
        self.normalised = normaliser(mean, std, STD_FLOOR, device)

    def sample(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of windows."""
        if self.whole_episodes:
            return self.at(
                self.episode_starts[generator.integers(len(self.episode_starts) - 1, size=size)]
            )
        return self.at(generator.integers(self.steps, size=size))

    def at(self, starts: I64) -> Batch:
        """Return the windows that start at these steps of the flat arrays."""
        device = self.actions.device
        episode = np.searchsorted(self.episode_starts, starts, side="right") - 1
        index = starts[:, None] + np.arange(self.context_length)
        inside = index < self.episode_starts[episode + 1][:, None]
        rows = torch.from_numpy(np.where(inside, index, starts[:, None])).to(device)
        timesteps = torch.from_numpy(index - self.episode_starts[episode][:, None]).to(device)
        valid = torch.from_numpy(inside).to(device)
        padding = ~valid
        states = self.normalised(self.observations[rows])
        actions = self.actions[rows]
        beyond = padding if actions.ndim == 2 else padding.unsqueeze(2)
        return Batch(
            returns_to_go=self.returns_to_go[rows].masked_fill(padding, 0),
            states=states.masked_fill(padding.unsqueeze(2), 0),
            actions=actions.masked_fill(beyond, 0),
            timesteps=timesteps.masked_fill(padding, 0),
            valid=valid,
            earned=self.earned[torch.from_numpy(episode).to(device)],
        )
