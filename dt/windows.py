"""Training windows: K steps of an episode, gathered from flat arrays by index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import I64, Trajectories
from bench.networks import normalise

STD_FLOOR = 1e-6  # kzl gym/experiment.py l.83: (s - mean) / (std + 1e-6)


@dataclass(frozen=True)
class Batch:
    """B windows of K steps, padded on the right with zeros."""

    returns_to_go: Tensor  # (B, K) scaled
    states: Tensor  # (B, K, obs) normalised
    actions: Tensor  # (B, K, act)
    timesteps: Tensor  # (B, K) int64
    valid: Tensor  # (B, K) bool; False is padding


class Windows:
    """Draws windows as the paper's code does: an episode with probability proportional to its
    length, a start uniform over its steps, cut at its end (kzl gym/experiment.py, get_batch).
    Together that is a start uniform over all steps of the data.
    """

    def __init__(
        self, data: Trajectories, context_length: int, return_scale: float, device: str
    ) -> None:
        """Prepare flat arrays; returns-to-go are computed once."""
        self.context_length = context_length
        self.stop: I64 = np.repeat(data.bounds[1:], data.lengths)  # (N,) end of each step's episode
        self.returns_to_go = torch.from_numpy(data.returns_to_go() / np.float32(return_scale)).to(
            device
        )
        states = normalise(
            data.observations, data.observation_mean, data.observation_std, STD_FLOOR
        )
        self.states = torch.from_numpy(states).to(device)
        self.actions = torch.from_numpy(np.array(data.actions)).to(device)
        self.timesteps = torch.from_numpy(data.timesteps()).to(device)

    def sample(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of windows."""
        return self.at(generator.integers(len(self.stop), size=size))

    def at(self, starts: I64) -> Batch:
        """Return the windows that start at these steps of the flat arrays."""
        index = starts[:, None] + np.arange(self.context_length)
        inside = index < self.stop[starts][:, None]
        rows = torch.from_numpy(np.where(inside, index, starts[:, None])).to(self.actions.device)
        valid = torch.from_numpy(inside).to(self.actions.device)
        padding = ~valid
        return Batch(
            returns_to_go=self.returns_to_go[rows].masked_fill(padding, 0),
            states=self.states[rows].masked_fill(padding.unsqueeze(2), 0),
            actions=self.actions[rows].masked_fill(padding.unsqueeze(2), 0),
            timesteps=self.timesteps[rows].masked_fill(padding, 0),
            valid=valid,
        )
