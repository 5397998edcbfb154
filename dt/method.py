"""Decision Transformer as a method: training, and reading a policy back. Hyperparameters are in
dt/config.py, acting in dt/policy.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.methods.networks import set_arrays
from bench.methods.optimisers import AdamW, flatten
from bench.methods.policy_file import below, read_tensors
from bench.methods.training import Averaged, descend, fit
from dt.config import Config
from dt.critic import CriticPolicy
from dt.losses import loss_of
from dt.model import DecisionTransformer
from dt.policy import DecisionTransformerPolicy
from dt.windows import Windows

__all__ = ["Config", "DecisionTransformerPolicy", "load", "train"]


def train(data: Trajectories, config: Config, context: Context) -> DecisionTransformerPolicy:
    """Minimise the mean squared error of the actions over real time steps (paper p.5), or their
    cross-entropy where they are discrete; with `predict: all` plus the errors of next states and
    returns-to-go, with `predict: returns` plus that of the episode's success.

    Raises:
        ValueError: an episode of the data is longer than the task's horizon, or than the context
            where all windows start with an episode.
        Diverged: the loss is no longer finite.
    """
    longest, horizon = int(data.lengths.max()), context.task.domain.horizon
    if longest > horizon:
        raise ValueError(
            f"the data hold an episode of {longest} steps, but {context.task.name} ends after "
            f"{horizon}: correct `horizon` in bench/tasks/tasks.toml or the data"
        )
    if config.windows == "first_step" and longest > config.context_length:
        raise ValueError(
            f"windows 'first_step' would show the first {config.context_length} steps of an episode of "
            f"{longest} and never the others: set context_length to {longest}, or windows to 'any_step'"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    with context.torch_random():
        model = _build(
            config,
            int(np.prod(data.observations.shape[1:])),
            data.n_actions if data.discrete else data.actions.shape[1],
            context.task.domain.horizon,
            context.device,
            discrete=data.discrete,
        )
        everything, critic = config.predict == "all", config.predict == "returns"
        steps = config.context_length + everything  # the last token's next step is a target too
        windows = Windows(
            data,
            steps,
            return_scale,
            context.device,
            discount=config.discount,
            starts=config.windows,
        )
        optimiser = AdamW(
            [flatten(model.parameters())],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        acting = Averaged(model, config.average_decay) if config.average_decay else None
        policy = (CriticPolicy if critic else DecisionTransformerPolicy)(
            acting.average if acting else model,
            config,
            mean=data.observation_mean.ravel(),
            std=data.observation_std.ravel(),
            horizon=context.task.domain.horizon,
            return_scale=return_scale,
            device=context.device,
        )

        update = descend(
            loss_of(model, windows, config, context.device),
            model,
            optimiser,
            warmup_steps=config.warmup_steps,
            gradient_clip=config.gradient_clip,
            decay_steps=context.steps if config.schedule == "cosine" else None,
            flat=True,
        )
        modules: dict[str, nn.Module] = {"model": model}
        if acting:
            update, modules["average"] = acting.after(update), acting.average
        fit(update, modules, {"adamw": optimiser}, lambda: policy, context)
    return policy


def load(path: Path, device: str) -> DecisionTransformerPolicy:
    """Read what `DecisionTransformerPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="dt")
    config = Config(**about["config"])
    weights = below("model.", tensors)
    with torch.random.fork_rng(devices=[]):
        model = _build(
            config,
            weights["embed_state.weight"].shape[1],
            weights["predict_action.weight"].shape[0],
            about["horizon"],
            device,
            discrete=about.get("discrete", False),
        )
    set_arrays(model, weights)
    kind = CriticPolicy if config.predict == "returns" else DecisionTransformerPolicy
    return kind(
        model,
        config,
        mean=tensors["mean"],
        std=tensors["std"],
        horizon=about["horizon"],
        return_scale=about["return_scale"],
        device=device,
    )


def _build(
    config: Config,
    observation_size: int,
    action_size: int,
    horizon: int,
    device: str,
    *,
    discrete: bool = False,
) -> DecisionTransformer:
    return DecisionTransformer(
        observation_size,
        action_size,
        horizon=horizon,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        dropout=config.dropout,
        predict=config.predict,
        time_embedding=config.time_embedding,
        embedding_order=config.embedding_order,
        time_std=config.time_std,
        init_std=config.init_std,
        value_std=config.value_std,
        discrete=discrete,
    ).to(device)
