"""Training windows of frames: K consecutive steps of an episode, where each frame is read once."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import I64, Trajectories


@dataclass(frozen=True)
class AtariBatch:
    """B windows of K steps, padded on the right with zeros; stacks are of S frames."""

    returns_to_go: Tensor  # (B, K) scaled
    frames: Tensor  # (B, S - 1 + K, H, W) uint8; frames i to i + S - 1 are those of step i
    actions: Tensor  # (B, K) int64
    times: Tensor  # (B,) int64, the time step of the window's first step
    valid: Tensor  # (B, K) bool; False is padding

    def split(self, stacks: int) -> list[AtariBatch]:
        """Return the batch in parts of at most `stacks` stacks, but at least one window."""
        columns = [getattr(self, field.name) for field in fields(self)]
        windows = max(stacks // self.valid.shape[1], 1)
        parts = zip(*(column.split(windows) for column in columns), strict=True)
        return [AtariBatch(*part) for part in parts]


class AtariWindows:
    """Draws windows as the paper's code does: a step uniform over the data, and the K steps from it;
    where the episode ends earlier, its last K steps (github.com/kzl/decision-transformer at e2d82e6,
    atari/run_dt_atari.py, `__getitem__`).

    In the authors' code such a window begins in the previous episode if its own has fewer than K
    steps. Here it is the whole episode, padded. Steps are drawn with replacement, not in epochs.
    """

    def __init__(
        self, data: Trajectories, context_length: int, return_scale: float, device: str
    ) -> None:
        """Compute the returns-to-go; frames are not copied."""
        self.data = data
        self.context_length = context_length
        self.returns_to_go = data.returns_to_go() / np.float32(return_scale)
        self.device = device

    def sample(self, size: int, generator: np.random.Generator) -> AtariBatch:
        """Draw a batch of windows."""
        return self.at(generator.integers(self.data.steps, size=size))

    def at(self, steps: I64) -> AtariBatch:
        """Return the windows of these steps (B,) of the flat arrays."""
        data, length = self.data, self.context_length
        episode = np.searchsorted(data.episode_starts, steps, side="right") - 1
        first, end = data.episode_starts[episode], data.episode_starts[episode + 1]
        starts = np.maximum(np.minimum(steps + length, end) - length, first)
        rows = starts[:, None] + np.arange(length)
        valid = rows < end[:, None]
        rows = np.where(valid, rows, starts[:, None])
        arrays = (
            self.returns_to_go[rows] * valid,
            data.frames(starts, length),
            data.actions[rows] * valid,
            starts - first,
            valid,
        )
        return AtariBatch(*[torch.from_numpy(array).to(self.device) for array in arrays])
