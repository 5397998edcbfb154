"""Decision Transformer whose return token is blank until the last step of an episode.

An audience of the talk asked: what if only the last token had the reward? Then a policy cannot know at
earlier steps what return the episode will have. If DT still reaches its score, hindsight does not carry
it (C22, docs/open_questions.md).

The return-to-go of all steps but the last is 0, and that of the last step is its reward; with sparse
rewards this is the return of the episode. Everything else is `dt`, whose hyperparameters and network
this method has. While it acts, the last step is that of the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.wrapping import load_wrapped, save_wrapped, wrapping
from dt import config as settings
from dt import method
from dt.policy import DecisionTransformerPolicy

__all__ = ["BlankPolicy", "Config", "load", "train"]

NAME = "dt_blank"


@dataclass(frozen=True)
class Config(settings.Config):
    """Hyperparameters of DT; the return-to-go is not discounted, and rewards lower it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.closed_loop or self.predict == "returns":
            raise ValueError(
                "a blank return token needs discount 1, target_follows 'auto' or 'rewards', and predict "
                "'actions' or 'all'"
            )


def blanked(data: Trajectories) -> Trajectories:
    """Return the data with rewards whose sums, from a step to the end of its episode, are blank.

    The return-to-go of the last step of each episode is its reward r. The step before has the reward -r, and all
    earlier ones 0: so their return-to-go is 0.
    """
    rewards = np.zeros_like(data.rewards)
    last = data.episode_starts[1:] - 1
    rewards[last] = data.rewards[last]
    longer = last[data.lengths > 1]
    rewards[longer - 1] = -data.rewards[longer]
    return replace(data, rewards=rewards)


def inner_config(config: Any) -> settings.Config:
    """Return the hyperparameters that `dt` knows."""
    known = [each.name for each in fields(settings.Config)]
    return settings.Config(**{name: getattr(config, name) for name in known})


class BlankPolicy:
    """Acts as `DecisionTransformerPolicy`, with a return-to-go of 0 until the last step of the horizon."""

    def __init__(self, inner: DecisionTransformerPolicy) -> None:
        self.inner = inner

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes; the targets (L,) are shown at the last step of the horizon."""
        self.targets = targets.copy()
        self.inner.reset(seeds, np.zeros_like(targets))

    def finish(self, envs: I64) -> None:
        """Leave out these environments from now on."""
        self.inner.finish(envs)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) if discrete. The rewards (L,) are not used."""
        at_end = self.inner.step == self.inner.horizon - 1
        # the inner policy lowers its return-to-go, 0, by these
        shown = -self.targets if at_end else np.zeros_like(self.targets)
        return self.inner.act(observations, shown)

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        save_wrapped(self.inner, path, inner="dt", method=NAME)


def train(data: Trajectories, config: Config, context: Context) -> BlankPolicy:
    """Train DT on data whose returns-to-go are blank. Errors are those of `dt.method.train`."""
    inner = method.train(blanked(data), inner_config(config), wrapping(context, BlankPolicy))
    return BlankPolicy(inner)


def load(path: Path, device: str) -> BlankPolicy:
    """Read what `BlankPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    inner, _ = load_wrapped(path, device, inner="dt", method=NAME, load=method.load)
    return BlankPolicy(inner)
