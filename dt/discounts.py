"""Decision Transformer that learns several discounts of the return-to-go at once, and is told which.

The talk names learning the discount as an extension. Here one network learns from the same episodes with
each discount: does asking for one of them cost the others anything (C25, docs/open_questions.md)? The
discount is an input: columns of the state, one for each discount, of which one is 1.

With the rewards r'(t) = R(t) - R(t + 1), where R is the discounted return-to-go, `dt`'s undiscounted
sum of r' is R. So this method is `dt` on the episodes once for each discount, with these rewards and
columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.wrapping import load_wrapped, save_wrapped, wrapping
from dt import config as settings
from dt import method
from dt.blank import inner_config
from dt.policy import DecisionTransformerPolicy, spread_evenly
from dt.windows import returns_to_go

__all__ = ["Config", "DiscountsPolicy", "load", "train"]

NAME = "dt_discounts"


@dataclass(frozen=True)
class Config(settings.Config):
    """Hyperparameters of DT, the discounts that it learns, and the one that the policy is told."""

    discounts: tuple[float, ...] = (1.0, 0.99, 0.95)
    asked: float = 1.0  # one of them

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.discount != 1 or self.target_follows != "auto" or self.predict == "returns":
            raise ValueError(
                "with several discounts, `discount` must be 1, target_follows 'auto', and predict 'actions' or 'all'"
            )
        if not self.discounts or len(set(self.discounts)) < len(self.discounts):
            raise ValueError(f"discounts must be different numbers, not {list(self.discounts)}")
        if wrong := [each for each in self.discounts if not 0 < each <= 1]:
            raise ValueError(f"a discount must be above 0 and at most 1, not {wrong[0]}")
        if self.asked not in self.discounts:
            raise ValueError(f"asked is {self.asked}, which is not one of {list(self.discounts)}")


def told(observations: Array, index: int, count: int) -> F32:
    """Return observations (L, obs) with `count` more columns, of which column `index` is 1: (L, obs + count)."""
    columns = np.zeros((len(observations), count), dtype=np.float32)
    columns[:, index] = 1
    flat = observations.reshape(len(observations), -1).astype(np.float32)
    return np.concatenate([flat, columns], axis=1)


def with_discounts(data: Trajectories, discounts: tuple[float, ...]) -> Trajectories:
    """Return the episodes once for each discount: with its columns, and with rewards that sum to its returns-to-go.

    Raises:
        ValueError: observations are stacks of frames.
    """
    if data.stack > 1:
        raise ValueError(
            f"dt_discounts learns from vectors, and these observations are stacks of {data.stack} frames: use dt_atari"
        )
    count, rewards = len(discounts), []
    for discount in discounts:
        sums = returns_to_go(data, discount).astype(np.float64)
        after = np.append(sums[1:], 0.0)
        after[data.episode_starts[1:] - 1] = 0
        rewards.append((sums - after).astype(np.float32))
    starts = [data.episode_starts[:-1] + copy * data.steps for copy in range(count)]
    share = np.float32(1 / count)
    spread = np.sqrt(share * (1 - share), dtype=np.float32)
    extra = np.ones(count, dtype=np.float32)
    final = data.final_observations
    return replace(
        data,
        observations=np.concatenate(
            [told(data.observations, index, count) for index in range(count)]
        ),
        actions=np.concatenate([data.actions] * count),
        rewards=np.concatenate(rewards),
        terminals=np.concatenate([data.terminals] * count),
        timeouts=np.concatenate([data.timeouts] * count),
        episode_starts=np.append(np.concatenate(starts), count * data.steps),
        observation_mean=np.concatenate([data.observation_mean.ravel(), share * extra]),
        observation_std=np.concatenate([data.observation_std.ravel(), spread * extra]),
        final_observations=None
        if final is None
        else np.concatenate([told(final, index, count) for index in range(count)]),
    )


class DiscountsPolicy:
    """Acts as `DecisionTransformerPolicy` that is told a discount.

    With a discount below 1 its return-to-go falls with time, as that of `dt` with this discount (`spread_evenly`).
    """

    def __init__(
        self, inner: DecisionTransformerPolicy, discounts: tuple[float, ...], asked: float
    ) -> None:
        self.inner, self.discounts, self.asked = inner, tuple(discounts), asked

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes with these target returns (L,), in raw units and undiscounted."""
        self.targets = targets.astype(np.float64)
        self.before = self._wanted(0)
        self.inner.reset(seeds, self.before.astype(np.float32))

    def finish(self, envs: I64) -> None:
        """Leave out these environments from now on."""
        self.inner.finish(envs)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act), or (L,) if discrete.

        Args:
            observations: (L, *obs).
            rewards: (L,), raw, of the previous actions. They lower the return-to-go if the discount is 1.
        """
        if self.asked < 1:
            wanted = self._wanted(self.inner.step)
            rewards, self.before = (self.before - wanted).astype(np.float32), wanted
        index = self.discounts.index(self.asked)
        return self.inner.act(told(observations, index, len(self.discounts)), rewards)

    def _wanted(self, step: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        if self.asked == 1:
            return self.targets
        return spread_evenly(self.targets, self.asked, self.inner.horizon, step)

    def save(self, path: Path) -> None:
        """Write weights, normalisation, configuration and the discounts."""
        about = {"discounts": list(self.discounts), "asked": self.asked}
        save_wrapped(self.inner, path, inner="dt", method=NAME, **about)


def train(data: Trajectories, config: Config, context: Context) -> DiscountsPolicy:
    """Train DT on the episodes with each discount. Errors are those of `dt.method.train`.

    Raises:
        ValueError: observations are stacks of frames.
    """
    wrap = partial(DiscountsPolicy, discounts=config.discounts, asked=config.asked)
    changed = with_discounts(data, config.discounts)
    return wrap(method.train(changed, inner_config(config), wrapping(context, wrap)))


def load(path: Path, device: str) -> DiscountsPolicy:
    """Read what `DiscountsPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    inner, about = load_wrapped(path, device, inner="dt", method=NAME, load=method.load)
    return DiscountsPolicy(inner, tuple(about["discounts"]), about["asked"])
