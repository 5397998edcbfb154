"""Whole episodes in flat arrays: the one container of offline data."""

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
Array = NDArray[Any]  # of a type that its docstring says

ARRAYS = ("observations", "actions", "rewards", "terminals", "timeouts")  # a row for each step
FINAL = "final_observations"  # a row for each episode


@dataclass(frozen=True)
class Trajectories:
    """Episodes one after the other; N steps, E episodes.

    Attributes:
        observations: (N, *obs) float32, or uint8 (pixels, indices): what was seen before each
            action.
        actions: (N, act) float32, or (N,) int64 where they are discrete.
        rewards: (N,) float32, the reward of each action (of the reward variant in use).
        terminals: (N,) bool, the action ended the episode for good.
        timeouts: (N,) bool, the time limit ended the episode after the action.
        episode_starts: (E + 1,) int64; episode e is the steps episode_starts[e] to episode_starts[e + 1] - 1.
        observation_mean: (*obs,) float32 over the *whole* stored data set. Cuts keep it: the paper's
            code takes these statistics before it drops any trajectory (kzl@e2d82e6
            gym/experiment.py l.83).
        observation_std: (*obs,) float32, likewise.
        action_low: smallest action value the environment takes; 0 where they are discrete.
        action_high: largest action value the environment takes.
        final_observations: (E, *obs), what each episode's last action led to; None where the
            source does not say (D4RL's -v0 files).
        stack: how many frames, those of consecutive steps, make an observation; 1: `observations`
            are what a network sees. With more they are single frames (M, H, W) uint8, and
            `stacked` and `frames` give what is seen: frames before the episode's start are zeros.
            Mean and std are then 0 and 255, (1, 1, 1): the bytes' range, not statistics.
        rows: (N,), where in `observations` each step's frame is, so that a cut copies no frame;
            None: row i is that of step i.
        scores: (E,) float64, the score of each episode's game where `rewards` are not its points
            (Atari's are clipped to [-1, 1]); None: not known, or the same as the return.
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
        """Return whether actions are numbers 0, 1, ... of choices instead of vectors."""
        return self.actions.ndim == 1

    @property
    def n_actions(self) -> int:
        """Return how many discrete actions there are."""
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
        """Return the steps of each episode, (E,)."""
        return np.diff(self.episode_starts)

    @property
    def returns(self) -> F64:
        """Return the undiscounted return of each episode, (E,), summed in float64."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.episode_starts[:-1])

    def returns_to_go(self) -> F32:
        """Return the sum of this and all later rewards of the same episode, (N,) (paper p.4, gamma
        = 1).
        """
        rewards = self.rewards.astype(np.float64)
        result = np.empty(self.steps, dtype=np.float32)
        for start, stop in zip(self.episode_starts[:-1], self.episode_starts[1:], strict=True):
            result[start:stop] = np.cumsum(rewards[start:stop][::-1])[::-1]
        return result

    def stacked(self, steps: I64) -> U8:
        """Return the observations of these steps, (len(steps), stack, H, W), the newest frame last."""
        return self.frames(steps, 1)

    def frames(self, starts: I64, length: int) -> U8:
        """Return the frames of windows of consecutive steps: one gathering for all their stacks.

        Args:
            starts: (B,), the first step of each window.
            length: steps of a window, L.

        Returns:
            (B, stack - 1 + L, H, W): frames i to i + stack - 1 are the stack of step starts + i.
            Frames before the episode's start are zeros, and so is all that lies beyond its end.

        Raises:
            IndexError: a start is no step of the data.
        """
        return gather(
            self.observations, self.frame_index, self.episode_starts, starts, self.stack - 1, length
        )

    def select(self, episodes: NDArray[np.integer]) -> Trajectories:
        """Return these episodes, in this order; the observation statistics stay those of the whole
        set, and so do frames: only `rows` change.
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
        """Return about `percent` % of the steps, as whole episodes drawn at random.

        Subsets of one seed are nested: more data always contains less. Episodes keep their order.
            At least one remains.
        """
        if percent >= 100:
            return self
        order = generator("percent", seed).permutation(self.episodes)
        within = np.cumsum(self.lengths[order]) <= self.steps * percent / 100
        return self.select(np.sort(order[: max(int(within.sum()), 1)]))

    def top_percent(self, percent: float) -> Trajectories:
        """Return the best episodes that together hold at most `percent` % of the *timesteps*, at
        least one.

        The paper's %BC (section 5.1), as its code cuts: from the best return down, stopping at the
        first episode that does not fit (kzl@e2d82e6 gym/experiment.py l.105).
        """
        if percent >= 100:
            return self
        best_first = np.argsort(self.returns, kind="stable")[::-1]
        budget = max(int(self.steps * percent / 100), 1)
        within = np.cumsum(self.lengths[best_first]) <= budget
        return self.select(np.sort(best_first[: max(int(within.sum()), 1)]))

    def sparse(self) -> Trajectories:
        """Return the same episodes with all reward moved to the last step (paper section 5.6,
        `--mode delayed`).
        """
        rewards = np.zeros_like(self.rewards)
        rewards[self.episode_starts[1:] - 1] = self.returns
        return replace(self, rewards=rewards)
