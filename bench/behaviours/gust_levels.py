"""Data with gusts of wind: D4RL's levels, by roll-outs of the MuJoCo family's behaviour policies in the wind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.behaviours import zoo as zoos
from bench.behaviours.actor import Actor
from bench.behaviours.collect import Episode, join, roll_out
from bench.behaviours.d4rl_levels import parts
from bench.behaviours.manifest import described, policy
from bench.behaviours.zoo import Zoo
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.environments.gusts import bases
from bench.tasks.registry import Task, registered_domain, task_by_name


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Generate the data set of a task and write it. The arguments are those of
    `bench.behaviours.generate.generate`. The behaviour policies have learned without wind.
    """
    calm = registered_domain(bases()[task.domain.environment])
    zoo = zoo or zoos.read(task_by_name(f"{calm}-{task.kind}").domain)
    episodes: list[Episode] = []
    recipe: list[dict[str, Any]] = []
    for snapshot, size in parts(task, zoo, steps):
        name = f"{task.domain.name}-{snapshot.file}-{seed}"
        actor = Actor.load(zoo.intact(snapshot))
        part = roll_out(actor, task.domain.environment, name=name, steps=size, progress=progress)
        episodes += part
        counts = {"episodes": len(part), "steps": sum(episode.steps for episode in part)}
        recipe.append(policy(snapshot) | counts)
    data = join(episodes)
    save(data, folder, described(task, seed, steps_per_part=steps, parts=recipe, zoo=calm))
    return data
