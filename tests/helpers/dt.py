"""Small data, tasks, contexts and networks for the tests of methods."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.tasks.registry import Task, task_by_name
from dt.config import Config
from dt.cpu.accelerate import accelerate
from dt.model import DecisionTransformer

OBS, ACT = 3, 2
WIDTH, LAYERS, HORIZON, K = 16, 2, 700, 6  # of the networks


def make_data(
    lengths: tuple[int, ...] = (5, 9, 3, 7),
    observation_size: int = OBS,
    action_size: int = ACT,
    seed: int = 0,
) -> Trajectories:
    """Return random episodes with actions that depend on observations; every second one is cut by
    the time limit. Rewards are multiples of 1/4, so that their sums are exact.
    """
    generator = np.random.default_rng(seed)
    steps = sum(lengths)
    observations = generator.normal(2.0, 3.0, (steps, observation_size))
    mix = generator.normal(0.0, 0.3, (observation_size, action_size))
    ends = np.cumsum(lengths) - 1
    terminals, timeouts = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
    terminals[ends[::2]] = True
    timeouts[ends[1::2]] = True
    return from_arrays(
        observations.astype(np.float32),
        np.tanh(observations @ mix).astype(np.float32),
        (generator.integers(-8, 13, steps) / 4).astype(np.float32),
        terminals,
        timeouts,
    )


def numbered(lengths: tuple[int, ...], rewards: list[float] | None = None) -> Trajectories:
    """Return episodes whose actions say which step (0) of which episode (1) they are."""
    steps = sum(lengths)
    ends = np.cumsum(lengths) - 1
    terminals = np.zeros(steps, dtype=bool)
    terminals[ends] = True
    actions = np.stack([np.arange(steps), np.repeat(np.arange(len(lengths)), lengths)], axis=1)
    return from_arrays(
        np.arange(steps, dtype=np.float32)[:, None],
        actions.astype(np.float32),
        np.array(rewards if rewards is not None else np.ones(steps), dtype=np.float32),
        terminals,
        np.zeros(steps, dtype=bool),
    )


def make_task(**constants: Any) -> Task:
    """Return hopper-medium with some constants changed."""
    task = task_by_name("hopper-medium")
    return replace(task, domain=replace(task.domain, **constants))


def make_context(seed: int = 0, steps: int = 20, **fields: Any) -> Context:
    """Return a context of toy size."""
    return Context(**{"task": make_task(horizon=30), "seed": seed, "steps": steps, **fields})


def saved_bytes(policy: Any, folder: Path) -> bytes:
    """Return what a policy's `save` writes."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "policy.safetensors"
    policy.save(path)
    return path.read_bytes()


def episode_slices(data: Trajectories) -> list[slice]:
    """Return where each episode lies in the flat arrays."""
    return [slice(int(start), int(stop)) for start, stop in pairwise(data.episode_starts)]


def plain_returns_to_go(data: Trajectories, discount: float) -> Any:
    """Return discounted returns-to-go (N,), each summed from its definition."""
    result = np.zeros(data.steps)
    for begin, end in pairwise(data.episode_starts.tolist()):
        for row in range(begin, end):
            result[row] = sum(
                discount ** (later - row) * float(data.rewards[later]) for later in range(row, end)
            )
    return result


def captured_loss(
    module: Any, data: Trajectories, config: Any, monkeypatch: pytest.MonkeyPatch
) -> tuple[Callable[[np.random.Generator], Tensor], torch.nn.Module, Any]:
    """Return the loss that a method's `train` minimises, the network and the policy."""
    caught: list[Any] = []

    def spy(loss_of_batch: Any, network: Any, *rest: Any, **options: Any) -> Any:
        caught.extend([loss_of_batch, network])
        return lambda step, generator: torch.zeros(())

    monkeypatch.setattr(module, "descend", spy)
    policy = module.train(data, config, make_context(steps=3))
    return caught[0], caught[1], policy


# --- networks and windows -----------------------------------------------------------------------

Window = tuple[Tensor, Tensor, Tensor, Tensor]


def make_model(
    heads: int = 1,
    dropout: float = 0.0,
    randomise: bool = True,
    fast: bool = False,
    discrete: bool = False,
    **options: Any,
) -> DecisionTransformer:
    """Return a model in evaluation mode; every parameter is random, biases and norms too.

    Args:
        heads: of the attention.
        dropout: its rate.
        randomise: whether parameters are moved away from their initial values.
        fast: whether the fast parts of dt/cpu/ replace the plain ones.
        discrete: whether actions are numbers.
        options: of the network, fields of `Config`.
    """
    config = Config(width=WIDTH, layers=LAYERS, heads=heads, dropout=dropout, **options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = DecisionTransformer(OBS, ACT, horizon=HORIZON, config=config, discrete=discrete)
        if randomise:
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter += 0.3 * torch.randn_like(parameter)
    return (accelerate(model) if fast else model).eval()


def make_window(steps: int = K, batch: int = 4, start: int = 0) -> Window:
    generator = torch.Generator().manual_seed(steps + start)
    return (
        torch.randn(batch, steps, generator=generator),
        torch.randn(batch, steps, OBS, generator=generator),
        torch.randn(batch, steps, ACT, generator=generator).clamp(-1, 1),
        torch.arange(start, start + steps).expand(batch, -1).clone(),
    )


def pad(window: Window, before: int, after: int, value: float) -> Window:
    """Return a window with padding steps of some value; their time steps are 0."""
    returns, states, actions, timesteps = window
    return (
        functional.pad(returns, (before, after), value=value),
        functional.pad(states, (0, 0, before, after), value=value),
        functional.pad(actions, (0, 0, before, after), value=value),
        functional.pad(timesteps, (before, after)),
    )


# --- the network, plainly ------------------------------------------------------------------------


def plain_tokens(model: DecisionTransformer, window: Window, kind: str) -> list[Tensor]:
    """Return the tokens (B, H) that enter the transformer, made one at a time.

    Args:
        model: whose embeddings are used.
        window: the model's inputs.
        kind: `add_then_norm`, `norm_then_add` or `concatenate`.
    """
    returns, states, actions, timesteps = window
    tokens = []
    for t in range(timesteps.shape[1]):
        time = model.embed_timestep.weight[timesteps[:, t]]
        for modality in (
            model.embed_return(returns[:, t : t + 1]),
            model.embed_state(states[:, t]),
            model.embed_action(actions[:, t]),
        ):
            if kind == "norm_then_add":
                tokens.append(plain_norm(model.embed_norm, modality) + time)
            elif kind == "concatenate":
                both = torch.cat([modality, time], dim=1)
                tokens.append(plain_norm(model.embed_norm, both))
            else:
                tokens.append(plain_norm(model.embed_norm, modality + time))
    return tokens


def plain_norm(norm: torch.nn.LayerNorm, x: Tensor) -> Tensor:
    """Return what a LayerNorm gives, from its definition."""
    centred = x - x.mean(dim=1, keepdim=True)
    variance = (centred * centred).mean(dim=1, keepdim=True)
    return centred / (variance + 1e-5).sqrt() * norm.weight + norm.bias


def plain_transformer(model: DecisionTransformer, tokens: list[Tensor]) -> list[Tensor]:
    """The same function as the model's, one token, one head and one pair at a time; computes every
    token.
    """
    for block in model.transformer.layers:
        triples = [block.attention.qkv(block.norm1(token)).chunk(3, dim=1) for token in tokens]
        tokens = [
            token + block.attention.project(plain_attention(triples, i, block.attention.heads))
            for i, token in enumerate(tokens)
        ]
        tokens = [
            token + block.mlp.fc2(block.mlp.fc1(block.norm2(token)).clamp(min=0))
            for token in tokens
        ]
    return [model.transformer.final_norm(token) for token in tokens]


def plain_attention(triples: list[tuple[Tensor, ...]], i: int, heads: int) -> Tensor:
    size = WIDTH // heads
    mixed = []
    for head in range(heads):
        own = slice(head * size, (head + 1) * size)
        query = triples[i][0][:, own]
        scores = [(query * triples[j][1][:, own]).sum(1) / math.sqrt(size) for j in range(i + 1)]
        total = sum(score.exp() for score in scores)
        mixed.append(
            sum((scores[j].exp() / total)[:, None] * triples[j][2][:, own] for j in range(i + 1))
        )
    return torch.cat(mixed, dim=1)


def plain_actions(
    model: DecisionTransformer, window: Window, kind: str = "add_then_norm"
) -> Tensor:
    """Return every step's action, computed plainly."""
    tokens = plain_transformer(model, plain_tokens(model, window, kind))
    return torch.stack([model.predict_action(token).tanh() for token in tokens[1::3]], dim=1)
