"""Generate MuJoCo data with D4RL's levels, by roll-outs of the policies of a zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.behaviours import zoo as zoos
from bench.behaviours.actor import Actor
from bench.behaviours.collect import Episode, join, roll_out
from bench.behaviours.manifest import described, policy
from bench.behaviours.zoo import Snapshot, Zoo
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import Task, family_of


def parts(task: Task, zoo: Zoo, steps: int) -> list[tuple[Snapshot, int]]:
    """Return the snapshots of a data set, in order, each with its number of steps. `steps` is the size of one part."""
    if task.kind == "medium":
        return [(zoo.medium, steps)]
    if task.kind == "medium-expert":
        return [(zoo.medium, steps), (zoo.expert, steps)]
    if task.kind == "medium-replay":
        return [(snapshot, round(snapshot.share * steps)) for snapshot in zoo.replay]
    raise ValueError(
        f"no recipe for data of kind {task.kind!r}; known: {', '.join(family_of(task).kinds)}"
    )


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Generate the data set of a task and write it. The arguments are those of
    `bench.behaviours.generate.generate`.
    """
    zoo = zoo or zoos.read(task.domain)
    episodes: list[Episode] = []
    recipe: list[dict[str, Any]] = []
    for snapshot, size in parts(task, zoo, steps):
        name = f"{task.domain.name}-{snapshot.file}-{seed}"
        actor = Actor.load(zoo.intact(snapshot))
        part = roll_out(actor, task.domain.environment, name=name, steps=size, progress=progress)
        episodes += part
        recipe.append(
            policy(snapshot)
            | {"episodes": len(part), "steps": sum(episode.steps for episode in part)}
        )
    data = join(episodes)
    save(data, folder, described(task, seed, steps_per_part=steps, parts=recipe))
    return data
