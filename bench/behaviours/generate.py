"""Generate the embedded data sets. The family of a task names its generator. On one machine, the same seed always gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from bench.behaviours.zoo import Zoo
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import Task, family_of


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Generate the data set of a task and write it.

    Args:
        task: the environment and the kind of data.
        steps: number of transitions in one part; `medium-expert` has two parts. For a game, it is the smallest
            number of transitions. For data from random actions, it is the number of episodes times the horizon.
        seed: another seed gives other episodes of the same policies.
        folder: the folder of the data set.
        progress: called with the number of steps of each finished episode.
        zoo: the behaviour policies; None for the committed ones. Data from random actions do not use it.
    """
    generator = import_module(family_of(task).generator)
    data: Trajectories = generator.generate(task, steps, seed, folder, progress, zoo)
    return data
