"""The losses of Decision Transformer: of actions, and optionally of states, returns or success."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from dt.config import Config
from dt.model import DecisionTransformer
from dt.windows import Batch, Windows

IGNORED = -100  # the class of padding


def loss_of(
    model: DecisionTransformer, windows: Windows, config: Config, device: str
) -> Callable[[np.random.Generator], Tensor]:
    """Return a function that draws a batch with a generator and returns the batch's loss: that of
    actions, with `predict: all` plus that of next steps, with `predict: returns` plus that of success.
    """
    kind, bfloat16 = torch.device(device).type, config.precision == "bfloat16"

    def loss_of_batch(generator: np.random.Generator) -> Tensor:
        batch = windows.sample(config.batch_size, generator)
        inputs = batch.inputs(config.context_length)
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=bfloat16):
            if config.predict == "returns":
                actions, success = model.predict_actions_and_success(*inputs[1:])
            elif config.predict == "all":
                actions, states, returns_to_go = model.predict_all(*inputs)
            else:
                actions = model(*inputs)
        loss = loss_of_actions(actions, batch)
        if config.predict == "returns":
            return loss + loss_of_success(success, batch)
        if config.predict == "all":
            return loss + loss_of_next_steps(states, returns_to_go, batch)
        return loss

    return loss_of_batch


def loss_of_actions(actions: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error over real steps and action dimensions, or the mean
    cross-entropy over real steps where actions are discrete.

    Args:
        actions: (B, K, act) predicted for the first K steps of the batch, or logits.
        batch: windows of at least K steps.
    """
    steps = actions.shape[1]
    if batch.actions.ndim == 2:
        taken = batch.actions[:, :steps].masked_fill(~batch.valid[:, :steps], IGNORED)
        return functional.cross_entropy(
            actions.float().flatten(0, 1), taken.flatten(), ignore_index=IGNORED
        )
    error: Tensor = (actions.float() - batch.actions[:, :steps]).square().mean(dim=2)
    return error[batch.valid[:, :steps]].mean()  # without padding


def loss_of_next_steps(states: Tensor, returns_to_go: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of next states plus that of next returns-to-go, each over the
    steps with a next step in their episode; 0 if there is none.

    The paper names these losses (p.5) without weights, and its code does not have them. Here the
    weights are equal.

    Args:
        states: (B, K, obs) predicted for steps 1 to K of the batch (the first is 0); normalised.
        returns_to_go: (B, K), likewise; scaled.
        batch: windows of K + 1 steps.
    """
    real = batch.valid[:, 1:]  # padding is on the right: if a step is real, so is the one before
    of_states = (states.float() - batch.states[:, 1:]).square().mean(dim=2)
    of_returns = (returns_to_go.float() - batch.returns_to_go[:, 1:]).square()
    return (of_states + of_returns)[real].sum() / real.sum().clamp(min=1)


def loss_of_success(success: Tensor, batch: Batch) -> Tensor:
    """Return the binary cross-entropy of predicting, before each real step, whether the episode
    earns its reward (paper section 5.5: binary returns). Its weight equals that of the loss of
    actions: the paper gives none.

    Args:
        success: (B, K) logits.
        batch: windows of K steps.
    """
    target = batch.earned.unsqueeze(1).expand_as(success)
    error = functional.binary_cross_entropy_with_logits(success.float(), target, reduction="none")
    return error[batch.valid].mean()
