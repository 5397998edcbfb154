"""Decision Transformer as a method: training, and reading a policy from its file. Hyperparameters are
in dt/config.py, acting in dt/policy.py.
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
from dt.cpu.accelerate import accelerate
from dt.critic import CriticPolicy
from dt.losses import loss_of
from dt.model import DecisionTransformer
from dt.policy import DecisionTransformerPolicy
from dt.windows import Windows

__all__ = ["Config", "DecisionTransformerPolicy", "load", "train"]


def train(data: Trajectories, config: Config, context: Context) -> DecisionTransformerPolicy:
    """Minimise the mean squared error of the actions over real time steps (paper p.5), or their
    cross-entropy where they are discrete. With `predict: all` the errors of next states and
    returns-to-go are added, with `predict: returns` the error of the predicted success.

    Raises:
        ValueError: an episode of the data is longer than the task's horizon, or longer than the
            context where all windows start with an episode.
        Diverged: the loss is no longer finite.
    """
    longest, horizon = int(data.lengths.max()), context.task.domain.horizon
    if longest > horizon:
        raise ValueError(
            f"the data hold an episode of {longest} steps, but {context.task.name} ends after "
            f"{horizon}: correct the data, or the `horizon` of {context.task.domain.name} in bench/tasks/*.toml"
        )
    if config.windows == "first_step" and longest > config.context_length:
        raise ValueError(
            f"with windows 'first_step' only the first {config.context_length} steps of an episode of "
            f"{longest} are seen: set context_length to {longest}, or windows to 'any_step'"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    with context.torch_random():
        model = build(
            config,
            int(np.prod(data.observations.shape[1:])),
            data.n_actions if data.discrete else data.actions.shape[1],
            context.task.domain.horizon,
            context.device,
            discrete=data.discrete,
        )
        next_step = config.predict == "all"  # the step after the last one is a target too
        windows = Windows(
            data,
            config.context_length + next_step,
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
        policy = policy_class(config)(
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
        model = build(
            config,
            weights["embed_state.weight"].shape[1],
            weights["predict_action.weight"].shape[0],
            about["horizon"],
            device,
            discrete=about.get("discrete", False),
        )
    set_arrays(model, weights)
    return policy_class(config)(
        model,
        config,
        mean=tensors["mean"],
        std=tensors["std"],
        horizon=about["horizon"],
        return_scale=about["return_scale"],
        device=device,
    )


def build(
    config: Config,
    observation_size: int,
    action_size: int,
    horizon: int,
    device: str,
    *,
    discrete: bool = False,
) -> DecisionTransformer:
    """Return a new network on a device, with the fast parts of dt/cpu/ where that is a CPU."""
    model = DecisionTransformer(
        observation_size, action_size, horizon=horizon, config=config, discrete=discrete
    )
    return accelerate(model.to(device))


def policy_class(config: Config) -> type[DecisionTransformerPolicy]:
    """Return the class of the policies that are trained with this configuration."""
    return CriticPolicy if config.predict == "returns" else DecisionTransformerPolicy
