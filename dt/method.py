"""Decision Transformer as a method: training, and reading a policy back. Hyperparameters are in
dt/config.py, acting in dt/policy.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bench.context import Context
from bench.datasets.trajectories import Trajectories
from bench.fit import descend, fit
from bench.networks import set_arrays
from bench.tensors import below, read_tensors
from dt.config import Config
from dt.losses import loss_of_actions, loss_of_next_steps
from dt.model import DecisionTransformer
from dt.policy import DecisionTransformerPolicy
from dt.windows import Windows

__all__ = ["Config", "DecisionTransformerPolicy", "load", "train"]


def train(data: Trajectories, config: Config, context: Context) -> DecisionTransformerPolicy:
    """Minimise the mean squared error of the actions over real time steps (paper p.5); with
    `predict: all` plus those of next states and returns-to-go.

    Raises:
        ValueError: an episode of the data is longer than the task's horizon.
        Diverged: the loss is no longer finite.
    """
    longest, horizon = int(data.lengths.max()), context.task.domain.horizon
    if longest > horizon:
        raise ValueError(
            f"the data hold an episode of {longest} steps, but {context.task.name} ends after "
            f"{horizon}: correct `horizon` in bench/tasks.toml or the data"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    with context.torch_random():
        model = _build(
            config,
            data.observations.shape[1],
            data.actions.shape[1],
            context.task.domain.horizon,
            context.device,
        )
        everything = config.predict == "all"
        steps = config.context_length + everything  # the last token's next step is a target too
        windows = Windows(data, steps, return_scale, context.device, discount=config.discount)
        optimiser = torch.optim.AdamW(
            model.parameters(),
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )
        policy = DecisionTransformerPolicy(
            model,
            config,
            mean=data.observation_mean,
            std=data.observation_std,
            horizon=context.task.domain.horizon,
            return_scale=return_scale,
            device=context.device,
        )

        def loss_of_batch(generator: np.random.Generator) -> Tensor:
            batch = windows.sample(config.batch_size, generator)
            inputs = batch.inputs(config.context_length)
            bfloat16 = config.precision == "bfloat16"
            with torch.autocast(
                torch.device(context.device).type, dtype=torch.bfloat16, enabled=bfloat16
            ):
                if everything:
                    actions, states, returns_to_go = model.predict_all(*inputs)
                else:
                    actions = model(*inputs)
            loss = loss_of_actions(actions, batch)
            return loss + loss_of_next_steps(states, returns_to_go, batch) if everything else loss

        update = descend(
            loss_of_batch,
            model,
            optimiser,
            warmup_steps=config.warmup_steps,
            gradient_clip=config.gradient_clip,
        )
        fit(update, {"model": model}, {"adamw": optimiser}, lambda: policy, context)
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
            weights["embed_action.weight"].shape[1],
            about["horizon"],
            device,
        )
    set_arrays(model, weights)
    return DecisionTransformerPolicy(
        model,
        config,
        mean=tensors["mean"],
        std=tensors["std"],
        horizon=about["horizon"],
        return_scale=about["return_scale"],
        device=device,
    )


def _build(
    config: Config, observation_size: int, action_size: int, horizon: int, device: str
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
    ).to(device)
