"""The diagnostic of the loss on held-out episodes: how well a sequence model predicts actions that it has not seen.

The episodes are new ones of the same behaviour policies: the task's generator makes them with another
data seed. The model sees the true returns-to-go, states and actions before each step (teacher forcing),
as in training.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours.generate import generate
from bench.core.seeds import derive
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import Task

STEPS = 20_000  # of one part of the new data
SEED = derive("held-out", "data") % 1_000_000  # of the new data; all runs of a task have the same

Row = dict[str, Any]


def measure(policy: Any, task: Task, data: Trajectories, *, episodes: int, seed: int) -> list[Row]:
    """Return the held-out loss and the number of parameters of a policy, one row each.

    - `held-out loss`: the mean squared error of the actions, over all steps and action dimensions.
    - `parameters`: the number of weights of the network.

    Args:
        policy: a trained DT with continuous actions. `reset`, `act` and `actions` are used: after each
            step the true action replaces the predicted one in its context.
        task: whose generator makes the episodes.
        data: not used.
        episodes: number of new episodes, evenly over the generated ones.
        seed: not used; all runs are measured on the same episodes.

    Raises:
        ValueError: actions are discrete.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh = generate(task, STEPS, SEED, Path(folder) / "data")
        if fresh.discrete:
            raise ValueError(f"held-out loss: the actions of {task.name} are discrete")
        chosen = np.unique(np.linspace(0, fresh.episodes - 1, episodes).round().astype(np.int64))
        loss = held_out_loss(policy, fresh.select(chosen))
    weights = sum(parameter.numel() for parameter in policy.model.parameters())
    return [_row("held-out loss", loss), _row("parameters", float(weights))]


def held_out_loss(policy: Any, data: Trajectories) -> float:
    """Return the mean squared error of the actions that a policy predicts in recorded episodes.

    Args:
        policy: see `measure`.
        data: episodes with continuous actions, not normalised.
    """
    lengths, starts = data.lengths, data.episode_starts[:-1]
    policy.reset(np.arange(data.episodes), data.returns.astype(np.float32))
    before = np.zeros(data.episodes, dtype=np.float32)
    total, count = 0.0, 0
    for step in range(int(lengths.max())):
        going = lengths > step
        rows = np.where(going, starts + step, starts)
        predicted = policy.act(data.observations[rows], before)
        true = data.actions[rows]
        error = np.square(predicted[going].astype(np.float64) - true[going])
        total, count = total + float(error.sum()), count + error.size
        _correct(policy, step, true)
        before = np.where(going, data.rewards[rows], 0).astype(np.float32)
        policy.finish(np.flatnonzero(lengths == step + 1))
    return total / count


def _correct(policy: Any, step: int, actions: Any) -> None:
    """Put the true actions (L, act) of a step into the context of the policy."""
    import torch

    policy.actions[:, step] = torch.from_numpy(np.ascontiguousarray(actions))


def _row(measure: str, value: float) -> Row:
    return {
        "measure": measure,
        "group": "all",
        "x": None,
        "y": None,
        "spread": None,
        "value": value,
    }
