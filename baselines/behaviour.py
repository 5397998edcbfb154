"""Control: the episodes of the data, scored as they were recorded. Nothing is trained and nothing is
rolled out.

Its score is the mean return of the data, and it goes through the same record, normalisation and
tables as the score of every method. A method with a higher score is better than the data it learned
from.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.policy_file import read_tensors, write_tensors

ACTED = 100  # episodes whose actions are kept


@dataclass(frozen=True)
class Config:
    """There are no hyperparameters."""


class RecordedPolicy:
    """Repeats recorded actions; what the environment shows is not used.

    Attributes:
        recorded: returns and lengths of the data's episodes; the evaluator scores these instead of
            rolling the policy out.
    """

    def __init__(self, actions: Array, returns: F32, lengths: I64) -> None:
        self.recorded = (returns, lengths)
        self.episode_starts: I64 = np.concatenate([[0], np.cumsum(lengths[:ACTED])])
        self.actions = actions[: self.episode_starts[-1]]
        self.rows: I64 = np.zeros(0, dtype=np.int64)

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes, each a recorded one drawn by its seed; `targets` are not
        used.
        """
        episodes = [
            int(np.random.default_rng(int(seed)).integers(len(self.episode_starts) - 1))
            for seed in seeds
        ]
        self.rows, self.last = (
            self.episode_starts[:-1][episodes].copy(),
            self.episode_starts[1:][episodes] - 1,
        )

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return the next recorded action of each env (L, act) or (L,); after the last one, that one
        again.
        """
        actions = self.actions[self.rows]
        self.rows = np.minimum(self.rows + 1, self.last)
        return actions

    def save(self, path: Path) -> None:
        """Write the recorded actions, returns and lengths."""
        returns, lengths = self.recorded
        write_tensors(
            path,
            {"actions": self.actions, "returns": returns, "lengths": lengths},
            method="behaviour",
        )


def train(data: Trajectories, config: Config, context: Context) -> RecordedPolicy:
    """Take the episodes of the data; their returns are the scores of the games where these are known, as
    rewards may be clipped.
    """
    returns = data.returns if data.scores is None else data.scores
    return RecordedPolicy(data.actions, returns.astype(np.float32), data.lengths)


def load(path: Path, device: str) -> RecordedPolicy:
    """Read what `RecordedPolicy.save` wrote."""
    tensors, _ = read_tensors(path, method="behaviour")
    return RecordedPolicy(*(tensors[name] for name in ("actions", "returns", "lengths")))
