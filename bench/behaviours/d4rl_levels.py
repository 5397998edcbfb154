"""Generate MuJoCo data of D4RL's levels: roll out the policies of a zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.behaviours import zoo as zoos
from bench.behaviours.actor import Actor
from bench.behaviours.collect import Episode, join, roll_out
from bench.behaviours.manifest import described, policy
from bench.behaviours.zoo import Checkpoint, Zoo
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import Task, family_of


def parts(task: Task, zoo: Zoo, steps: int) -> list[tuple[Checkpoint, int]]:
    """Return which checkpoint gives how many steps of a data set, in order; `steps` is the size of
    one part.
    """
    if task.kind == "medium":
        return [(zoo.medium, steps)]
    if task.kind == "medium-expert":
        return [(zoo.medium, steps), (zoo.expert, steps)]
    if task.kind == "medium-replay":
        return [(checkpoint, round(checkpoint.share * steps)) for checkpoint in zoo.replay]
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
    """Roll a task's data set out and write it; arguments are those of
    `bench.behaviours.generate.generate`.
    """
    zoo = zoo or zoos.read(task.domain)
    episodes: list[Episode] = []
    recipe: list[dict[str, Any]] = []
    for checkpoint, size in parts(task, zoo, steps):
        name = f"{task.domain.name}-{checkpoint.file}-{seed}"
        actor = Actor.load(zoo.intact(checkpoint))
        part = roll_out(actor, task.domain.environment, name=name, steps=size, progress=progress)
        episodes += part
        recipe.append(
            policy(checkpoint)
            | {"episodes": len(part), "steps": sum(episode.steps for episode in part)}
        )
    data = join(episodes)
    save(data, folder, described(task, seed, steps_per_part=steps, parts=recipe))
    return data
