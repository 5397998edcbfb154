"""CQL that sees the return-to-go among its observations (C21, docs/open_questions.md).

The talk: "if you embedded that reward information into the CQL training procedure, I'd be curious". Where
all reward comes with the last step, CQL's critic must carry it back through the whole episode. Here each
observation has one more number: the sum of the rewards from this step to the end of the episode, divided
by the task's return scale. After the last step it is 0. While the policy acts, the number starts at the
target return and falls by the rewards seen, as DT's return-to-go. Hyperparameters are those of `cql`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from baselines import cql
from baselines._actor import ActorPolicy
from baselines.cql import Config
from bench.datasets.trajectories import F32, I64, Trajectories
from bench.methods.context import Context
from bench.methods.wrapping import load_wrapped, save_wrapped, wrapping

__all__ = ["Config", "ReturnToGoPolicy", "load", "train"]

NAME = "cql_rtg"


def with_returns_to_go(data: Trajectories, scale: float) -> Trajectories:
    """Return the data with the scaled return-to-go as one more number of each observation: (N, obs + 1)."""
    seen = (data.returns_to_go() / np.float32(scale)).astype(np.float32)[:, None]
    observations = np.concatenate([data.observations.astype(np.float32), seen], axis=1)
    final = data.final_observations
    if final is not None:
        nothing = np.zeros((len(final), 1), dtype=np.float32)
        final = np.concatenate([final.astype(np.float32), nothing], axis=1)
    return replace(
        data,
        observations=observations,
        observation_mean=np.append(data.observation_mean, seen.mean(dtype=np.float64)).astype(
            np.float32
        ),
        observation_std=np.append(data.observation_std, seen.std(dtype=np.float64)).astype(
            np.float32
        ),
        final_observations=final,
    )


class ReturnToGoPolicy:
    """Acts as CQL's actor, on observations with the return-to-go."""

    def __init__(self, inner: ActorPolicy, scale: float) -> None:
        self.inner, self.scale = inner, scale

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes with these target returns (L,), in raw units."""
        self.returns_to_go = targets.astype(np.float64)
        self.inner.reset(seeds, targets)

    def act(self, observations: F32, rewards: F32) -> F32:
        """Return actions (L, act) for observations (L, obs), after rewards (L,) of the previous actions."""
        self.returns_to_go = self.returns_to_go - rewards
        seen = (self.returns_to_go / self.scale).astype(np.float32)[:, None]
        return self.inner.act(np.concatenate([observations, seen], axis=1), rewards)

    def save(self, path: Path) -> None:
        """Write the actor's weights, the normalisation and the scale."""
        save_wrapped(self.inner, path, inner="cql", method=NAME, scale=self.scale)


def train(data: Trajectories, config: Config, context: Context) -> ReturnToGoPolicy:
    """Train CQL on observations with the return-to-go. Errors are those of `cql`.

    Raises:
        ValueError: observations are not vectors, or an error of `cql`.
    """
    if data.observations.ndim != 2 or data.discrete:
        raise ValueError(
            "cql_rtg learns continuous actions from vectors; for other data there is no CQL that sees the return-to-go"
        )
    scale = context.task.domain.return_scale
    wrap = partial(ReturnToGoPolicy, scale=scale)
    return wrap(cql.train(with_returns_to_go(data, scale), config, wrapping(context, wrap)))


def load(path: Path, device: str) -> ReturnToGoPolicy:
    """Read what `ReturnToGoPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    inner, about = load_wrapped(path, device, inner="cql", method=NAME, load=cql.load)
    return ReturnToGoPolicy(inner, about["scale"])
