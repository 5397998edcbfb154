"""Small networks for images, their inputs, and their outputs by the implementation in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dt.atari.config import Config
from dt.atari.model import AtariTransformer
from dt.cpu.accelerate import accelerate
from tests.helpers.atari import CHOICES, SIDE, STACK
from tests.helpers.atari_plain import plain_logits

WIDTH, LAYERS, K, LONGEST = 16, 2, 5, 40


def make_network(
    heads: int = 2, randomise: bool = True, fast: bool = False, dropout: float = 0.0, **options: Any
) -> AtariTransformer:
    """Return a network in evaluation mode; every parameter is random, biases and positions too."""
    config = Config(K, LAYERS, heads, WIDTH, dropout, **options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AtariTransformer(CHOICES, (STACK, SIDE, SIDE), horizon=LONGEST, config=config)
        if randomise:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter += 0.2 * torch.randn_like(parameter) / math.sqrt(len(parameter))
    return (accelerate(model) if fast else model).eval()


def make_window(steps: int = K, batch: int = 3) -> dict[str, Tensor]:
    random = np.random.default_rng(steps)
    return {
        "returns": torch.from_numpy(random.normal(0, 2, (batch, steps)).astype(np.float32)),
        "frames": torch.from_numpy(
            random.integers(0, 256, (batch, STACK - 1 + steps, SIDE, SIDE), dtype=np.uint8)
        ),
        "actions": torch.from_numpy(random.integers(0, CHOICES, (batch, steps))),
        "times": torch.from_numpy(random.integers(0, LONGEST, batch)),
    }


def logits_of(model: AtariTransformer, window: dict[str, Tensor], **options: Any) -> Tensor:
    states = model.see(window["frames"])
    logits: Tensor = model(window["returns"], states, window["actions"], window["times"], **options)
    return logits


def plainly(model: AtariTransformer, window: dict[str, Tensor], weights: Any = None) -> Any:
    """Return the logits (B, K, A) of the plain implementation, one window after the other."""
    weights = weights or weights_of(model)
    result = []
    for i in range(len(window["times"])):
        frames = window["frames"][i].numpy().astype(np.float64)
        stacks = [frames[step : step + STACK] for step in range(len(frames) - STACK + 1)]
        result.append(
            plain_logits(
                weights,
                stacks,
                window["returns"][i].numpy().astype(np.float64),
                window["actions"][i].numpy(),
                int(window["times"][i]),
                heads=model.transformer.layers[0].attention.heads,
                conditioned=model.returns,
            )
        )
    return np.array(result)


def weights_of(model: AtariTransformer) -> dict[str, Any]:
    return {
        name: part.detach().numpy().astype(np.float64) for name, part in model.state_dict().items()
    }
