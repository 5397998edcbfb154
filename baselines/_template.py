"""Copy this file to `baselines/mine.py` and the method `mine` is in the plan, the tables, the
figures and the contract tests.

It may learn from some kinds of data only: continuous or discrete actions, vectors or stacks of frames.
Random numbers come from the context, never from a global generator: NumPy's from
`context.generator(purpose)`, torch's inside `with context.torch_random():`. `load` builds networks
inside `with torch.random.fork_rng(devices=[]):`, and a policy that draws has a generator for each seed
that `reset` is given.

The file's name is the method's name. This one clones the data with ridge regression, in NumPy, so
that all of a method is in view. A torch method gets logging, learning curve, checkpoints and exact
resumption from `bench.methods.training.fit`; see baselines/bc.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.policy_file import read_tensors, write_tensors


@dataclass(frozen=True)
class Config:
    """Every hyperparameter, typed and with a default; config files may set these and no others."""

    ridge: float = 1.0  # weight of the squared coefficients


class Policy:
    """Acts in many episodes (envs) at once."""

    def __init__(self, weights: F32) -> None:
        self.weights = weights  # (obs + 1, act)

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes: forget the past. Draw from `seeds` if the policy is random;
        `targets` are returns asked for.
        """

    def act(self, observations: F32, rewards: F32) -> F32:
        """Return actions (L, act) for observations (L, obs); `rewards` (L,) are those of the
        previous actions.
        """
        return np.asarray(np.clip(_with_one(observations) @ self.weights, -1, 1), dtype=np.float32)

    def save(self, path: Path) -> None:
        """Write one file, without pickle."""
        write_tensors(path, {"weights": self.weights}, method=__name__)


def train(data: Trajectories, config: Config, context: Context) -> Policy:
    """Learn from the data; log a loss now and then: `context.log` stops the run if it is not
    finite.

    Raises:
        ValueError: the method cannot learn from such data. Say so before the first update.
    """
    if data.discrete or data.stack > 1:
        raise ValueError(
            f"{__name__} learns continuous actions from vectors, and from no other data"
        )
    x, y = _with_one(data.observations).astype(np.float64), data.actions.astype(np.float64)
    weights = np.linalg.solve(x.T @ x + config.ridge * np.eye(x.shape[1]), x.T @ y)
    context.log(context.steps, loss=float(np.mean((x @ weights - y) ** 2)))
    return Policy(weights.astype(np.float32))


def load(path: Path, device: str) -> Policy:
    """Read what Policy.save wrote."""
    tensors, _ = read_tensors(path, method=__name__)
    return Policy(tensors["weights"])


def _with_one(observations: F32) -> F32:
    ones = np.ones((len(observations), 1), dtype=np.float32)
    return np.concatenate([observations, ones], axis=1)
