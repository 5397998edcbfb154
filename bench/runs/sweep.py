"""The sweep of a run: the trained policy asked for a grid of target returns (the paper's Figure 4).

The grid is the paper's own where Figure 4 has the environment, ten even steps over the data's
returns elsewhere and where the paper's ends below their best, and beyond: up to three times that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.core.machine import prepare
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.paper import figure4
from bench.runs.evaluate import checked_training, cut, evaluation, score, write_record
from bench.runs.identity import SWEEP, identity_of
from bench.runs.train import POLICY, load_data
from bench.tasks.registry import Task, task_by_name

# of the best return in the data: at and just above it, the talk's 1.1, then far beyond
MULTIPLES = (1.0, 1.1, 1.25, 1.5, 2.0, 2.5, 3.0)
EVEN_STEPS = 10


def sweep_run(
    folder: Path,
    data_folder: Path,
    episodes: int,
    num_envs: int,
    points: int | None,
    device: str,
    max_steps: int | None = None,
) -> None:
    """Evaluate a trained policy at every target of the grid; write `sweep.json` into its folder.

    Args:
        folder: the run's folder.
        data_folder: the data set, whose returns bound the grid.
        episodes: for each target.
        num_envs: episodes that run side by side.
        points: at most so many of the grid's own targets, evenly chosen; None: all.
        device: a torch device.
        max_steps: where an episode is cut short; None: nowhere.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training or the data set is damaged.
        BadMethod: the policy's actions cannot be used, or it is not rolled out.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task, method = task_by_name(identity.task), load_method(training["module"])
    prepare(device)
    data = load_data(data_folder, identity)
    low, high = float(data.returns.min()), float(data.returns.max())
    targets, side_by_side = grid(task, low, high, points), min(num_envs, episodes)
    outcomes, rolled_out = score(
        method, folder / POLICY, task, identity, targets, episodes, side_by_side, device, max_steps
    )
    write_record(
        folder,
        identity,
        training,
        task,
        name=SWEEP,
        protocol={
            "target": None,
            "episodes": episodes,
            "num_envs": side_by_side,
            "rolled_out": rolled_out,
            "points": points,
            "data_returns": {"minimum": round(low, 6), "maximum": round(high, 6)},
            **_scores(data),
            **cut(max_steps),
        },
        evaluations=[evaluation(training["steps"], outcome, final=False) for outcome in outcomes],
    )


def _scores(data: Trajectories) -> dict[str, dict[str, float]]:
    """Return the ends of the games' own scores, where rewards are clipped and the data hold them."""
    if data.scores is None:
        return {}
    low, high = float(data.scores.min()), float(data.scores.max())
    return {"data_scores": {"minimum": low, "maximum": high}}


def grid(task: Task, low: float, high: float, points: int | None) -> list[float]:
    """Return the targets of a sweep, ascending, raw units.

    Args:
        task: its environment decides the grid.
        low: smallest return of an episode of the data.
        high: the largest.
        points: at most so many of the grid's own targets; the multiples come on top.
    """
    curve, even = figure4(task.domain.name), np.linspace(low, high, EVEN_STEPS).tolist()
    own = list(curve.raw_targets) if curve else even
    own += [target for target in even if target > own[-1]]  # up to the data's best
    if points is not None and points < len(own):
        chosen = np.unique(np.linspace(0, len(own) - 1, points).round().astype(int))
        own = [own[index] for index in chosen]
    beyond = [multiple * high for multiple in MULTIPLES] if high > 0 else []
    return sorted({round(float(target), 6) for target in [*own, *beyond]})
