"""The sweep of a run: the trained policy evaluated on a grid of target returns (paper, Figure 4).

Where Figure 4 has the environment, the grid is the paper's. Elsewhere it is ten even steps over the
returns of the data; these steps also continue a paper's grid that ends below the best return of the
data. Multiples of the best return follow, up to three times it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.core.machine import prepare
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.paper import figure4
from bench.runs.evaluate import checked_training, departures, evaluation, score, write_record
from bench.runs.identity import SWEEP, identity_of
from bench.runs.policies import POLICY
from bench.runs.train import load_data
from bench.tasks.registry import Task, registered_domain, task_by_name

# of the best return in the data: at it, just above it (1.1 is the talk's), and far above it
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
    episode_list: str = "",
) -> None:
    """Evaluate a trained policy at every target return of the grid; write `sweep.json` to its folder.

    Args:
        folder: the run's folder.
        data_folder: the data set, whose returns set the limits of the grid.
        episodes: number of episodes for each target.
        num_envs: number of episodes that run side by side.
        points: largest number of targets that are not multiples of the best return, evenly chosen;
            None: all.
        device: a torch device.
        max_steps: end an episode after this many steps; None: only the environment ends it.
        episode_list: name of the list of episode seeds; empty: that of reported scores.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training or the data set is damaged.
        BadMethod: the policy's actions cannot be used, or the policy is not rolled out.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task = task_by_name(identity.task, described=training["task"])
    method = load_method(training["module"])
    prepare(device)
    data = load_data(data_folder, identity)
    low, high = float(data.returns.min()), float(data.returns.max())
    targets, side_by_side = grid(task, low, high, points), min(num_envs, episodes)
    outcomes, rolled_out = score(
        method,
        folder / POLICY,
        task,
        identity,
        targets,
        episodes,
        side_by_side,
        device,
        max_steps,
        episode_list,
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
            **departures(max_steps, episode_list),
        },
        evaluations=[evaluation(training["steps"], outcome, final=False) for outcome in outcomes],
    )


def _scores(data: Trajectories) -> dict[str, dict[str, float]]:
    """Return the lowest and the highest score of the games, if the data hold unclipped scores."""
    if data.scores is None:
        return {}
    low, high = float(data.scores.min()), float(data.scores.max())
    return {"data_scores": {"minimum": low, "maximum": high}}


def grid(task: Task, low: float, high: float, points: int | None) -> list[float]:
    """Return the target returns of a sweep, ascending, in raw units.

    Args:
        task: its environment decides the grid.
        low: smallest return of an episode in the data.
        high: largest return of an episode in the data.
        points: largest number of targets that are not multiples of the best return; None: all.
    """
    curve, even = (
        figure4(registered_domain(task.domain.environment)),
        np.linspace(low, high, EVEN_STEPS).tolist(),
    )
    own = list(curve.raw_targets) if curve else even
    own += [target for target in even if target > own[-1]]  # up to the best return of the data
    if points is not None and points < len(own):
        chosen = np.unique(np.linspace(0, len(own) - 1, points).round().astype(int))
        own = [own[index] for index in chosen]
    beyond = [multiple * high for multiple in MULTIPLES] if high > 0 else []
    return sorted({round(float(target), 6) for target in [*own, *beyond]})
