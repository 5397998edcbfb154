"""`Trajectories`, the container of offline data: whole episodes in flat arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.seeds import generator
from bench.datasets.frames import U8, gather

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]
Array = NDArray[Any]  # the docstring at each use names the type

ARRAYS = ("observations", "actions", "rewards", "terminals", "timeouts")  # a row for each step
FINAL = "final_observations"  # a row for each episode


@dataclass(frozen=True)
class Trajectories:
    """E episodes with N steps in all, one episode after the other.

    Attributes:
        observations: (N, *obs) float32, or uint8 (pixels, indices): the observation before each action.
        actions: (N, act) float32, or (N,) int64 if they are discrete.
        rewards: (N,) float32, the reward of each action, in the reward variant in use.
        terminals: (N,) bool, whether the episode terminated after the action.
        timeouts: (N,) bool, whether the time limit ended the episode after the action.
        episode_starts: (E + 1,) int64; episode e has the steps episode_starts[e] to episode_starts[e + 1] - 1.
        observation_mean: (*obs,) float32, over the *whole* stored data set. A subset keeps it: the paper's
            code computes these statistics before it drops any trajectory (kzl@e2d82e6 gym/experiment.py l.83).
        observation_std: (*obs,) float32, likewise.
        action_low: the smallest action value of the environment; 0 if actions are discrete.
        action_high: the largest action value of the environment.
        final_observations: (E, *obs), the observation after the last action of each episode; None if the
            source does not have it (D4RL's -v0 files).
        stack: number of frames of consecutive steps in an observation. With 1, `observations` are the inputs
            of a network. With more, they are single frames (M, H, W) uint8, and `stacked` and `frames` return
            the inputs; frames before the start of an episode are zeros. The mean and std are then 0 and 255,
            (1, 1, 1): they are the range of bytes, not statistics.
        frame_index: (N,), the index in `observations` of the frame of each step, so that a subset copies no
            frame; None if frame i is that of step i.
        scores: (E,) float64, the game score of each episode; None if it is unknown or equals the return. On
            Atari the two differ, because rewards are clipped to [-1, 1].
    """

    observations: Array
    actions: Array
    rewards: F32
    terminals: Bools
    timeouts: Bools
    episode_starts: I64
    observation_mean: F32
    observation_std: F32
    action_low: float
    action_high: float
    final_observations: Array | None = None
    stack: int = 1
    frame_index: I64 | None = None
    scores: F64 | None = None

    @property
    def discrete(self) -> bool:
        """Return whether actions are discrete: numbers 0, 1, ... instead of vectors."""
        return self.actions.ndim == 1

    @property
    def n_actions(self) -> int:
        """Return the number of discrete actions."""
        return int(self.action_high) + 1

    @property
    def steps(self) -> int:
        """Return the number of transitions N."""
        return len(self.rewards)

    @property
    def episodes(self) -> int:
        """Return the number of episodes E."""
        return len(self.episode_starts) - 1

    @property
    def lengths(self) -> I64:
        """Return the number of steps of each episode, (E,)."""
        return np.diff(self.episode_starts)

    @property
    def returns(self) -> F64:
        """Return the undiscounted return of each episode, (E,), summed in float64."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.episode_starts[:-1])

    def returns_to_go(self) -> F32:
        """Return the return-to-go of each step, (N,): the sum of its reward and all later rewards of the episode
        (paper p.4, with gamma = 1).
        """
        rewards = self.rewards.astype(np.float64)
        result = np.empty(self.steps, dtype=np.float32)
        for start, stop in zip(self.episode_starts[:-1], self.episode_starts[1:], strict=True):
            result[start:stop] = np.cumsum(rewards[start:stop][::-1])[::-1]
        return result

    def stacked(self, steps: I64) -> U8:
        """Return the observations of these steps, (len(steps), stack, H, W), with the newest frame last."""
        return self.frames(steps, 1)

    def frames(self, starts: I64, length: int) -> U8:
        """Return the frames of windows of consecutive steps. Overlapping stacks share their frames.

        Args:
            starts: (B,), the first step of each window.
            length: number of steps L of a window.

        Returns:
            (B, stack - 1 + L, H, W): frames i to i + stack - 1 are the stack of step starts + i. Frames before
            the start and after the end of the episode are zeros.

        Raises:
            IndexError: a start is not a step of the data.
        """
        return gather(
            self.observations, self.frame_index, self.episode_starts, starts, self.stack - 1, length
        )

    def select(self, episodes: NDArray[np.integer]) -> Trajectories:
        """Return these episodes, in this order.

        The observation statistics stay those of the whole data set. Frames are not copied: only `frame_index`
        changes.
        """
        lengths = self.lengths[episodes]
        episode_starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        first = np.repeat(self.episode_starts[:-1][episodes] - episode_starts[:-1], lengths)
        index = first + np.arange(episode_starts[-1])
        names = ARRAYS if self.stack == 1 else ARRAYS[1:]
        arrays = {name: getattr(self, name)[index] for name in names}
        if self.stack > 1:
            arrays["frame_index"] = index if self.frame_index is None else self.frame_index[index]
        of_episodes = {name: getattr(self, name) for name in (FINAL, "scores")}
        arrays |= {name: None if a is None else a[episodes] for name, a in of_episodes.items()}
        return replace(self, episode_starts=episode_starts, **arrays)

    def take_percent(self, percent: float, seed: int) -> Trajectories:
        """Return a random subset of whole episodes with about `percent` % of the steps.

        Subsets of one seed are nested: a larger subset contains every smaller one. Episodes keep their order.
        At least one episode remains.
        """
        if percent >= 100:
            return self
        order = generator("percent", seed).permutation(self.episodes)
        within = np.cumsum(self.lengths[order]) <= self.steps * percent / 100
        return self.select(np.sort(order[: max(int(within.sum()), 1)]))

    def top_percent(self, percent: float) -> Trajectories:
        """Return the episodes with the highest returns that together have at most `percent` % of the
        *timesteps*. At least one episode remains.

        This is the data of the paper's %BC (section 5.1), as its code selects them: it takes episodes in
        descending order of return, and stops at the first one that does not fit (kzl@e2d82e6
        gym/experiment.py l.105).
        """
        if percent >= 100:
            return self
        best_first = np.argsort(self.returns, kind="stable")[::-1]
        budget = max(int(self.steps * percent / 100), 1)
        within = np.cumsum(self.lengths[best_first]) <= budget
        return self.select(np.sort(best_first[: max(int(within.sum()), 1)]))

    def sparse(self) -> Trajectories:
        """Return the same episodes with the whole return as the reward of the last step (paper section 5.6,
        `--mode delayed`).
        """
        rewards = np.zeros_like(self.rewards)
        rewards[self.episode_starts[1:] - 1] = self.returns
        return replace(self, rewards=rewards)
