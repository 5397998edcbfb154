"""Decision Transformer on images, with the paper's settings for Atari; without returns-to-go it is the
paper's BC there, and on the best episodes its %BC.

Defaults are those of Table 8 (p.18) and of the authors' code (github.com/kzl/decision-transformer at
e2d82e6, atari/; below: kzl). Where the two differ the comment says so; docs/presets.md lists all that
differs. The network is in dt/atari_model.py, acting in dt/atari_policy.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

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
from dt.atari_model import AtariTransformer
from dt.atari_policy import AtariPolicy
from dt.atari_windows import AtariWindows
from dt.config import fast_precision, refuse

BETAS = (0.9, 0.95)  # Table 8
IN_MEMORY = 1024  # stacks that a step remembers what it saw of; Pong's batch is 25,600 (Table 8)
RATE_FLOOR = 0.1  # of the learning rate: kzl mingpt/trainer_atari.py


@dataclass(frozen=True)
class Config:
    """Hyperparameters of DT on images."""

    context_length: int = 30  # K, in time steps (Table 8; 50 for Pong)
    layers: int = 6  # Table 8
    heads: int = 8  # Table 8
    width: int = 128  # Table 8, embedding dimension
    dropout: float = 0.1  # Table 8; on embeddings, attention weights and residuals
    batch_size: int = 128  # Table 8, windows (512 for Pong)
    learning_rate: float = 6e-4  # Table 8
    weight_decay: float = 0.1  # Table 8; on weights of linear layers and convolutions alone (kzl)
    gradient_clip: float = 1.0  # Table 8
    # the learning rate climbs until so many actions were learned from, K for each window (Table 8:
    # 512 * 20) ...
    warmup_tokens: int = 10_240
    # ... and falls by half a cosine, but not below a tenth, over so many trainings; then it climbs
    # again. Both train 5 epochs: Table 8's 2 * 500000 * K are 2 of them, 0.4; kzl's are thrice that
    cosine_length: float = 1.2
    returns: bool = True  # False: no returns-to-go, the paper's BC (kzl `model_type naive`)
    top_percent: float = 100.0  # of the time steps, best episodes first; below 100 with BC: %BC
    # frames are taken less the mean frame of all data, also of those it does not learn from, and over the
    # pixels' standard deviation around it (bench/datasets/frames.py); False: over 255 (kzl
    # mingpt/trainer_atari.py)
    standardise_frames: bool = False
    return_scale: float | None = None  # divides returns-to-go; None: the task's (kzl: 1)
    target_return: float | None = (
        None  # the evaluator asks for it; None: the task's declared one (Table 8)
    )
    # what is earned lowers the return still asked for by the reward as the game gives it (kzl), or
    # as the data have it, clipped to [-1, 1]
    clip_decrement: bool = False
    # the time step a window is told when it acts: of the step it is at (kzl), or of its first one, which
    # it is told when it learns (kzl too)
    window_time: Literal["current", "first"] = "current"
    # actions are drawn from the softmax of logits / temperature (kzl mingpt/utils.py: 1); 0 takes the
    # likeliest
    temperature: float = 1.0
    # arithmetic of the matrix products; auto: bfloat16 if the processor has it. The record says which.
    precision: Literal["float32", "bfloat16", "auto"] = "float32"

    def __post_init__(self) -> None:
        refuse(
            self,
            positive=("learning_rate", "gradient_clip", "cosine_length", "return_scale"),
            not_negative=("weight_decay", "warmup_tokens", "temperature"),
        )
        if not 0 < self.top_percent <= 100:
            raise ValueError(f"top_percent must be above 0 and at most 100, not {self.top_percent}")

    def on(self, device: str) -> Config:
        """Return the configuration as it is used and recorded on a device: `auto` is decided."""
        return replace(self, precision=fast_precision(device)) if self.precision == "auto" else self


def train(data: Trajectories, config: Config, context: Context) -> AtariPolicy:
    """Minimise the cross-entropy of the actions over real time steps (paper p.5).

    Raises:
        ValueError: the data are no stacks of frames with discrete actions.
        Diverged: the loss is no longer finite.
    """
    if data.stack == 1 or not data.discrete:
        raise ValueError(
            f"dt_atari learns from stacks of frames and discrete actions, not from observations "
            f"{data.observations.shape[1:]} that are seen one at a time: use module dt"
        )
    best = data.top_percent(config.top_percent)
    if config.top_percent < 100:
        print(
            f"top {config.top_percent:g} %: {best.episodes} of {data.episodes} episodes, "
            f"{best.steps} of {data.steps} steps"
        )
    return_scale = config.return_scale or context.task.domain.return_scale
    seen = (data.stack, *data.observations.shape[1:])
    with context.torch_random():
        model = _build(config, data.n_actions, seen, int(best.lengths.max()), context.device)
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
    """Return the weights of linear layers and convolutions, and all other parameters: biases, norms,
    embeddings and positions do not decay (kzl mingpt/model_atari.py, `configure_optimizers`).
    """
    layers = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))]
    decayed = {id(layer.weight) for layer in layers}
    parts: tuple[list[nn.Parameter], list[nn.Parameter]] = ([], [])
    for parameter in model.parameters():
        parts[id(parameter) not in decayed].append(parameter)
    return parts


def rate_of(config: Config, updates: int) -> Callable[[int], float]:
    """Return what the learning rate is multiplied by at each of so many updates, counted from 1.

    kzl sets the rate after an update, so its first one has the whole rate; here the first climbs too.
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
    """Return what draws a batch with the generator it is given and returns the parts of its loss: the mean
    cross-entropy of the actions of all real steps.
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
    choices, longest = len(weights["embed_action.weight"]), len(weights["embed_timestep.weight"])
    with torch.random.fork_rng(devices=[]):
        model = _build(config, choices, tuple(about["seen"]), longest, device)
    set_arrays(model, weights)
    return AtariPolicy(model, config, return_scale=about["return_scale"], device=device)


def _build(
    config: Config, choices: int, seen: tuple[int, ...], longest: int, device: str
) -> AtariTransformer:
    return AtariTransformer(
        choices,
        seen,
        steps=config.context_length,
        longest=longest,
        width=config.width,
        layers=config.layers,
        heads=config.heads,
        dropout=config.dropout,
        returns=config.returns,
        standardise=config.standardise_frames,
    ).to(device)
