"""Decision Transformer as a critic that predicts rewards, or returns-to-go, instead of the episode's return.

The talk says that predicting one or the other "didn't really make a difference" for the critic (C23,
docs/open_questions.md). The critic of `dt` (`predict: returns`) predicts at every step whether the whole
episode is successful. Here the target of a step is whether its own reward is above 0, or whether the sum
of its reward and all later ones is. The network and the loss of actions are those of `dt`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.datasets.trajectories import F32, I64, Array, Trajectories
from bench.methods.context import Context
from bench.methods.optimisers import AdamW, flatten
from bench.methods.training import descend, fit
from bench.methods.wrapping import load_wrapped, save_wrapped
from dt import config as settings
from dt import method
from dt.blank import inner_config
from dt.critic import CriticPolicy
from dt.losses import loss_of_actions
from dt.windows import Batch, Windows

__all__ = ["Config", "RewardCritic", "load", "train"]

NAME = "dt_reward_critic"


@dataclass(frozen=True)
class Config(settings.Config):
    """Hyperparameters of DT as a critic, and what it predicts at each step."""

    # the size of DT on Key-to-Door at quick, and its whole episodes
    context_length: int = 120
    layers: int = 1
    width: int = 64
    batch_size: int = 16
    windows: Literal["any_step", "first_step"] = "first_step"
    predict: Literal["actions", "all", "returns"] = "returns"
    target: Literal["rewards", "returns_to_go"] = "rewards"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.predict != "returns" or self.discount != 1 or self.average_decay:
            raise ValueError(
                "a critic of rewards needs predict 'returns', discount 1 and average_decay 0"
            )


class RewardCritic:
    """Acts without a target return, and predicts at each step whether there is a reward."""

    def __init__(self, inner: CriticPolicy) -> None:
        self.inner = inner

    def reset(self, seeds: I64, targets: F32) -> None:
        """Start len(seeds) episodes; `targets` are not used."""
        self.inner.reset(seeds, targets)

    def finish(self, envs: I64) -> None:
        """Leave out these environments from now on."""
        self.inner.finish(envs)

    def act(self, observations: Array, rewards: F32) -> Array:
        """Return actions; see `DecisionTransformerPolicy.act`."""
        return self.inner.act(observations, rewards)

    def predict_success(self, observations: Array, actions: I64) -> F32:
        """Return the predicted probability before each step, (E, T); see `CriticPolicy.predict_success`."""
        return self.inner.predict_success(observations, actions)

    def attention(self, observations: Array, actions: I64) -> F32:
        """Return attention weights (E, T, T); see `CriticPolicy.attention`."""
        return self.inner.attention(observations, actions)

    def save(self, path: Path) -> None:
        """Write weights, normalisation and configuration."""
        save_wrapped(self.inner, path, inner="dt", method=NAME)


def targets_of(batch: Batch, target: str) -> Tensor:
    """Return what is predicted at each step, (B, K): 1.0 if it is above 0, else 0.0.

    Args:
        batch: windows of K steps that reach the end of their episodes.
        target: `rewards` or `returns_to_go`.
    """
    values = batch.returns_to_go
    if target == "rewards":
        values = values - functional.pad(values[:, 1:], (0, 1))
    return (values > 1e-6).float()


def train(data: Trajectories, config: Config, context: Context) -> RewardCritic:
    """Minimise the loss of actions plus the binary cross-entropy of the target at each real step.

    Raises:
        ValueError: an episode of the data is longer than the context, so that a window may end before it.
        Diverged: the loss is no longer finite.
    """
    longest = int(data.lengths.max())
    if longest > config.context_length or config.windows != "first_step":
        raise ValueError(
            f"a critic of rewards sees whole episodes: set windows to 'first_step' and context_length to {longest}"
        )
    inner = inner_config(config)
    scale = config.return_scale or context.task.domain.return_scale
    kind = torch.device(context.device).type
    with context.torch_random():
        model = method.build(
            inner,
            int(np.prod(data.observations.shape[1:])),
            data.n_actions if data.discrete else data.actions.shape[1],
            context.task.domain.horizon,
            context.device,
            discrete=data.discrete,
        )
        windows = Windows(data, config.context_length, scale, context.device, starts="first_step")
        optimiser = AdamW(
            [flatten(model.parameters())],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

        def loss(generator: np.random.Generator) -> Tensor:
            batch = windows.sample(config.batch_size, generator)
            with torch.autocast(kind, dtype=torch.bfloat16, enabled=inner.precision == "bfloat16"):
                actions, logits = model.predict_actions_and_success(
                    *batch.inputs(config.context_length)[1:]
                )
            error = functional.binary_cross_entropy_with_logits(
                logits.float(), targets_of(batch, config.target), reduction="none"
            )
            return loss_of_actions(actions, batch) + error[batch.valid].mean()

        policy = CriticPolicy(
            model,
            inner,
            mean=data.observation_mean.ravel(),
            std=data.observation_std.ravel(),
            horizon=context.task.domain.horizon,
            return_scale=scale,
            device=context.device,
        )
        update = descend(
            loss,
            model,
            optimiser,
            warmup_steps=config.warmup_steps,
            gradient_clip=config.gradient_clip,
            decay_steps=context.steps if config.schedule == "cosine" else None,
            flat=True,
        )
        fit(update, {"model": model}, {"adamw": optimiser}, lambda: RewardCritic(policy), context)
    return RewardCritic(policy)


def load(path: Path, device: str) -> RewardCritic:
    """Read what `RewardCritic.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    inner, _ = load_wrapped(path, device, inner="dt", method=NAME, load=method.load)
    return RewardCritic(inner)
