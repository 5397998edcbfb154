"""Make the embedded data sets, the same bytes every time on one machine: each by the generator of its
task's family.
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
    """Make a task's data set and write it.

    Args:
        task: which environment and kind of data.
        steps: transitions in one part; `medium-expert` has two parts. Of a game at least so many.
        seed: another seed gives other episodes of the same policies.
        folder: where the data set goes.
        progress: called with the steps of each finished episode.
        zoo: the behaviour policies; None: the shipped ones. Not used by data of no policy, whose
            `steps` are those of episodes that last to the horizon.
    """
    generator = import_module(family_of(task).generator)
    data: Trajectories = generator.generate(task, steps, seed, folder, progress, zoo)
    return data
