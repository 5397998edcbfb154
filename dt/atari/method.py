"""Decision Transformer on images as a method, with the paper's settings for Atari. Without returns-to-go
it is the paper's BC there, and on the best episodes its %BC.

Hyperparameters are in dt/atari/config.py, the network in dt/atari/model.py, acting in dt/atari/policy.py.
"kzl" is github.com/kzl/decision-transformer at e2d82e6, atari/.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.datasets.frames import statistics
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.methods.networks import set_arrays
from bench.methods.optimisers import AdamW, flatten
from bench.methods.policy_file import below, read_tensors
from bench.methods.training import descend, fit
from dt.atari.config import Config
from dt.atari.model import AtariTransformer
from dt.atari.policy import AtariPolicy
from dt.atari.windows import AtariWindows
from dt.cpu.accelerate import accelerate

__all__ = ["AtariPolicy", "Config", "load", "train"]

BETAS = (0.9, 0.95)  # Table 8
# stacks whose activations are in memory at once; Pong's batch has 25,600 (Table 8)
IN_MEMORY = 1024
RATE_FLOOR = 0.1  # of the learning rate: kzl mingpt/trainer_atari.py


def train(data: Trajectories, config: Config, context: Context) -> AtariPolicy:
    """Minimise the cross-entropy of the actions over real time steps (paper p.5).

    Raises:
        ValueError: the data are not stacks of frames with discrete actions.
        Diverged: the loss is no longer finite.
    """
    if data.stack == 1 or not data.discrete:
        raise ValueError(
            f"dt_atari learns from stacks of frames and discrete actions, not from single observations "
            f"{data.observations.shape[1:]}: use module dt"
        )
    best = data.top_percent(config.top_percent)
    if config.top_percent < 100:
        print(
            f"top {config.top_percent:g} %: {best.episodes} of {data.episodes} episodes, "
            f"{best.steps} of {data.steps} steps"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    stack_shape = (data.stack, *data.observations.shape[1:])
    with context.torch_random():
        model = build(config, data.n_actions, stack_shape, int(best.lengths.max()), context.device)
        if config.standardise_frames:
            mean, std = statistics(data.observations)
            model.embed_state.mean.copy_(torch.from_numpy(mean))
            model.embed_state.std.fill_(float(std))
        windows = AtariWindows(best, config.context_length, return_scale, context.device)
        policy = AtariPolicy(model, config, return_scale=return_scale, device=context.device)
        decayed, others = (flatten(group) for group in decayed_and_others(model))
        optimiser = AdamW(
            [
                {"params": [decayed], "weight_decay": config.weight_decay},
                {"params": [others], "weight_decay": 0.0},
            ],
            lr=config.learning_rate,
            betas=BETAS,
            fused=True,
        )
        update = descend(
            loss_of(model, windows, config, context.device),
            model,
            optimiser,
            gradient_clip=config.gradient_clip,
            multiplier=rate_of(config, context.steps),
            flat=True,
        )
        fit(update, {"model": model}, {"adamw": optimiser}, lambda: policy, context)
    return policy


def decayed_and_others(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the weights of linear layers and convolutions, and all other parameters. Biases, norms,
    embeddings and positions do not decay (kzl mingpt/model_atari.py, `configure_optimizers`).
    """
    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
    decayed = {id(layer.weight) for layer in layers}
    parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for parameter in model.parameters():
        parts[id(parameter) not in decayed].append(parameter)
    return parts


def rate_of(config: Config, updates: int) -> Callable[[int], float]:
    """Return a function from the number of an update (from 1) to the factor of the learning rate.

    kzl sets the rate after an update, so that its first update has the whole rate. Here the warm-up
    begins with the first.

    Args:
        config: the schedule.
        updates: how many updates the training has.
    """
    warmup, batch = config.warmup_tokens, config.batch_size * config.context_length
    falling = max(config.cosine_length * updates * batch - warmup, 1)

    def multiplier(update: int) -> float:
        tokens = update * batch
        if tokens < warmup:
            return tokens / warmup
        return max(RATE_FLOOR, 0.5 * (1 + math.cos(math.pi * (tokens - warmup) / falling)))

    return multiplier


def loss_of(
    model: AtariTransformer, windows: AtariWindows, config: Config, device: str
) -> Callable[[np.random.Generator], Iterator[Tensor]]:
    """Return a function that draws a batch with a generator and yields the parts of the batch's loss,
    the mean cross-entropy of the actions of all real steps.
    """
    kind, bfloat16 = torch.device(device).type, config.precision == "bfloat16"

    def loss_of_batch(generator: np.random.Generator) -> Iterator[Tensor]:
        batch = windows.sample(config.batch_size, generator)
        for part in batch.split(IN_MEMORY):
            with torch.autocast(kind, dtype=torch.bfloat16, enabled=bfloat16):
                states = model.see(part.frames)
                logits = model(part.returns_to_go, states, part.actions, part.times)
            mean = functional.cross_entropy(logits[part.valid].float(), part.actions[part.valid])
            yield mean * (part.valid.sum() / batch.valid.sum())

    return loss_of_batch


def load(path: Path, device: str) -> AtariPolicy:
    """Read what `AtariPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    tensors, about = read_tensors(path, method="dt_atari")
    config, weights = Config(**about["config"]), below("model.", tensors)
    n_actions, horizon = len(weights["embed_action.weight"]), len(weights["embed_timestep.weight"])
    with torch.random.fork_rng(devices=[]):
        model = build(config, n_actions, tuple(about["stack_shape"]), horizon, device)
    set_arrays(model, weights)
    return AtariPolicy(model, config, return_scale=about["return_scale"], device=device)


def build(
    config: Config, n_actions: int, stack_shape: tuple[int, ...], horizon: int, device: str
) -> AtariTransformer:
    """Return a new network on a device, with the fast parts of dt/cpu/ where that is a CPU."""
    model = AtariTransformer(n_actions, stack_shape, horizon=horizon, config=config)
    return accelerate(model.to(device))
