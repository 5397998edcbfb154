"""Decision Transformer that goes on learning in its environment.

The talk says that online use needs a curriculum of target returns from low to high, and that naive
exploration does not carry over (C20, docs/open_questions.md). After the training of `dt`, this method
collects episodes in rounds, asked for a fixed target or for one that rises when it is exceeded, with or
without noise on the actions. Each batch has windows of the data and of the collected episodes, whose
returns-to-go are of the rewards that they earned.

It differs from Online Decision Transformer (Zheng, Zhang & Grover 2022, arXiv 2202.05607) in the
policy: theirs is a Gaussian that is trained with an entropy bonus, this one is deterministic, as the
paper's, with noise of a fixed size. Theirs also replaces its offline episodes by collected ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from torch import nn

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.online import Environment, Round
from bench.methods.online_training import fit_online, train_then_improve
from bench.methods.optimisers import AdamW, flatten
from bench.methods.sampling import generators_of
from bench.methods.training import Averaged, descend
from dt import config as settings
from dt import method
from dt.blank import inner_config
from dt.losses import loss_of
from dt.method import load
from dt.policy import DecisionTransformerPolicy
from dt.windows import Batch, Windows

__all__ = ["Config", "improve", "load", "train"]

NAME = "dt_online"


@dataclass(frozen=True)
class Config(settings.Config):
    """Hyperparameters of DT, and of what it does in the environment."""

    environment_steps: int = 0  # of all episodes together; 0: the method is `dt`
    offline_share: float = 0.5  # of the updates: those before the first environment step
    num_envs: int = 4  # episodes of a round, with one target; after each round come updates
    # fixed: the return that the evaluation asks for. rising: begins at a quantile of the returns of the data; when the
    # mean return of a round reaches it, the next target is that mean plus a share of the way to the fixed one
    targets: Literal["fixed", "rising"] = "rising"
    start_quantile: float = 0.9
    rise: float = 0.1
    noise: float = (
        0.0  # standard deviation of Gaussian noise on actions, in half widths of their range
    )
    collected_share: float = 0.5  # of each batch, as soon as an episode has ended
    online_learning_rate: float = 5e-4  # constant

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.environment_steps < 0:
            raise ValueError(
                f"environment_steps must not be negative, not {self.environment_steps}"
            )
        if self.num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {self.num_envs}")
        for name in ("offline_share", "start_quantile", "collected_share"):
            if not 0 <= (value := getattr(self, name)) <= 1:
                raise ValueError(f"{name} must be at least 0 and at most 1, not {value}")
        for name in ("rise", "noise"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, not {getattr(self, name)}")
        if self.online_learning_rate <= 0:
            raise ValueError(
                f"online_learning_rate must be above 0, not {self.online_learning_rate}"
            )
        if self.environment_steps and self.offline_share == 1:
            raise ValueError(
                "with offline_share 1 no update is left for the environment: set it below 1, or environment_steps to 0"
            )
        if self.environment_steps and (self.windows != "any_step" or self.predict == "returns"):
            raise ValueError(
                "learning in the environment needs windows 'any_step', and predict 'actions' or 'all'"
            )


class NoisyPolicy:
    """Acts as DT with Gaussian noise on its actions. The context of DT holds the actions that were taken."""

    def __init__(
        self, inner: DecisionTransformerPolicy, noise: float, low: float, high: float
    ) -> None:
        self.inner, self.low, self.high = inner, low, high
        self.deviation = noise * (high - low) / 2

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start L = len(seeds) episodes; the noise of each one is drawn from its seed."""
        self.generators = generators_of(seeds)
        self.inner.reset(seeds, targets)

    def finish(self, envs: I64) -> None:
        """Leave out these environments from now on."""
        self.inner.finish(envs)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions (L, act) within the range of the data."""
        acted = self.inner.act(observations, rewards)
        drawn = [each.normal(size=acted.shape[1:]) for each in self.generators]
        noisy = (acted + self.deviation * np.stack(drawn)).clip(self.low, self.high)
        actions: Array = noisy.astype(np.float32)
        self.inner.actions[:, self.inner.step - 1] = torch.from_numpy(actions)
        return actions

    def save(self, path: Path) -> None:
        """Write the policy without its noise."""
        self.inner.save(path)


class Mixed:
    """Draws a share of each batch from collected episodes, the rest from the data."""

    def __init__(self, data: Trajectories, collected_share: float, make: partial[Windows]) -> None:
        """Make windows of the data with `make`, as later of collected episodes."""
        self.make, self.share = make, collected_share
        self.offline: Windows = make(data)
        self.collected: Windows | None = None

    def learn_from(self, environment: Environment) -> None:
        """Take over all collected episodes."""
        collected = environment.collected()
        self.collected = None if collected is None else self.make(collected)

    def sample(self, size: int, generator: np.random.Generator) -> Batch:
        """Draw a batch of windows, those of the data first."""
        count = 0 if self.collected is None else round(size * self.share)
        if self.collected is None or count == 0:
            return self.offline.sample(size, generator)
        if count == size:
            return self.collected.sample(size, generator)
        parts = (
            self.offline.sample(size - count, generator),
            self.collected.sample(count, generator),
        )
        columns = [each.name for each in fields(Batch)]
        return Batch(
            **{name: torch.cat([getattr(part, name) for part in parts]) for name in columns}
        )


def next_target(config: Config, top: float, start: float, rounds: Sequence[Round]) -> float:
    """Return the target return of the next round, raw.

    Args:
        config: `targets` and `rise`.
        top: the fixed target, which a rising one never exceeds.
        start: where a rising target begins.
        rounds: so far, oldest first.
    """
    if config.targets == "fixed":
        return top
    target = min(start, top)
    step = config.rise * (top - target)
    for each in rounds:
        if len(each.returns) and (mean := float(np.mean(each.returns))) >= target:
            target = min(mean + step, top)
    return target


def improve(
    policy: DecisionTransformerPolicy,
    data: Trajectories,
    config: Config,
    context: Context,
    environment: Environment,
) -> DecisionTransformerPolicy:
    """Go on training in the environment, to the end of `context.steps`. Errors are those of `fit_online`."""
    inner, model = inner_config(config), policy.model
    with context.torch_random():
        mixed = Mixed(
            data,
            config.collected_share,
            partial(
                Windows,
                context_length=config.context_length + (config.predict == "all"),
                return_scale=policy.return_scale,
                device=context.device,
                discount=config.discount,
            ),
        )
        optimiser = AdamW(
            [flatten(model.parameters())],
            lr=config.online_learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        update = descend(
            loss_of(model, cast(Windows, mixed), inner, context.device),
            model,
            optimiser,
            gradient_clip=config.gradient_clip,
            flat=True,
        )
        modules: dict[str, nn.Module] = {"model": model}
        current = policy
        if config.average_decay:
            averaged = Averaged(model, config.average_decay)
            update, modules["average"] = averaged.after(update), averaged.average
            current = method.policy_class(inner)(
                averaged.average,
                inner,
                mean=policy.mean,
                std=policy.std,
                horizon=policy.horizon,
                return_scale=policy.return_scale,
                device=context.device,
            )
        top = config.target_return
        fit_online(
            update,
            modules,
            {"adamw": optimiser},
            current,
            context,
            environment,
            offline_steps=offline_steps(config, context.steps),
            acting=NoisyPolicy(current, config.noise, data.action_low, data.action_high)
            if config.noise
            else current,
            target=partial(
                next_target,
                config,
                context.task.domain.target_return if top is None else top,
                float(np.quantile(data.returns, config.start_quantile)),
            ),
            learn_from=mixed.learn_from,
        )
    return current


def offline_steps(config: Config, steps: int) -> int:
    """Return how many of `steps` updates come before the first environment step."""
    return round(config.offline_share * steps)


def train(data: Trajectories, config: Config, context: Context) -> DecisionTransformerPolicy:
    """Train DT on the data; then, with `environment_steps`, in the environment. Errors are also those of
    `dt.method.train`, whose training sees no environment.

    Raises:
        ValueError: noise is asked for, and actions are discrete.
    """
    if not config.environment_steps:
        return method.train(data, inner_config(config), context)
    if config.noise and data.discrete:
        raise ValueError(
            "noise is added to actions, and these are discrete: set `temperature`, with which they are drawn"
        )

    def offline(data: Trajectories, config: Config, first: Context) -> DecisionTransformerPolicy:
        return method.train(data, inner_config(config), first)

    policy = train_then_improve(
        offline,
        improve,
        load,
        data,
        config,
        context,
        offline_steps=offline_steps(config, context.steps),
        environment_steps=config.environment_steps,
        num_envs=config.num_envs,
        method=NAME,
    )
    assert isinstance(policy, DecisionTransformerPolicy)
    return policy
