"""Make the embedded data sets, the same bytes every time on one machine: roll the zoo's policies
out, let its players play Atari games, or act at random in Key-to-Door and on graphs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.behaviours import record_games as replay
from bench.behaviours import zoo as zoos
from bench.behaviours.collect import Episode, join, roll_out
from bench.behaviours.random_play import random_episodes
from bench.behaviours.random_walks import walks
from bench.behaviours.zoo import Checkpoint, Zoo
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.environments.graph import random_graph
from bench.environments.vector import simulator_versions
from bench.tasks.registry import KINDS, REPLAY, SIZES, Task

MEANING = {
    "medium": "episodes of the medium policy",
    "medium-replay": "a mixture over the training checkpoints up to medium, in the order and proportion of training "
    "(not the replay buffer itself)",
    "medium-expert": "episodes of the medium policy, then as many steps of the expert",
    "1k": "episodes of uniformly random actions",
    "10k": "episodes of uniformly random actions",
    "walks": "random walks along a graph's edges, until the goal or the time limit",
}


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
    raise ValueError(f"no recipe for data of kind {task.kind!r}; known: {', '.join(KINDS)}")


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Roll a task's data set out and write it.

    Args:
        task: which environment and kind of data.
        steps: transitions in one part; `medium-expert` has two parts. Of a game at least so many.
        seed: another seed gives other episodes of the same policies.
        folder: where the data set goes.
        progress: called with the steps of each finished episode.
        zoo: the behaviour policies; by default the shipped ones of the task's domain. Not used by
            data of no policy, whose `steps` are those of episodes that last to the horizon.
    """
    if task.kind in SIZES:
        return _generate_random(task, steps, seed, folder)
    zoo = zoo or zoos.read(task.domain)
    if task.kind == REPLAY:
        players = [
            replay.Part(zoo.player(checkpoint), checkpoint.share, _said(checkpoint))
            for checkpoint in zoo.replay
        ]
        return replay.generate(task, players, steps, seed, folder, progress)
    episodes: list[Episode] = []
    recipe: list[dict[str, Any]] = []
    for checkpoint, size in parts(task, zoo, steps):
        name = f"{task.domain.name}-{checkpoint.file}-{seed}"
        part = roll_out(
            zoo.actor(checkpoint), task.domain.environment, name=name, steps=size, progress=progress
        )
        episodes += part
        recipe.append(
            _said(checkpoint)
            | {"episodes": len(part), "steps": sum(episode.steps for episode in part)}
        )
    data = join(episodes)
    about = {
        "source": "generated",
        "task": task.name,
        "environment": task.domain.environment,
        "meaning": MEANING[task.kind],
        "seed": seed,
        "steps_per_part": steps,
        "parts": recipe,
        "simulator": simulator_versions(task.domain.environment),
    }
    save(data, folder, about)
    return data


def _said(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return what a manifest says of a policy."""
    return {
        "policy": checkpoint.file,
        "sha256": checkpoint.sha256,
        "score": checkpoint.score,
    }


def _generate_random(task: Task, steps: int, seed: int, folder: Path) -> Trajectories:
    """Write a data set of actions at random, and return it.

    Raises:
        ValueError: `steps` are less than one episode.
    """
    episodes = steps // task.domain.horizon
    if episodes < 1:
        raise ValueError(f"{steps} steps are less than an episode of {task.domain.horizon}")
    about: dict[str, Any] = {
        "source": "generated",
        "task": task.name,
        "environment": task.domain.environment,
        "meaning": MEANING[task.kind],
        "seed": seed,
        "simulator": simulator_versions(task.domain.environment),
    }
    if task.kind == "walks":
        graph = random_graph(int(task.domain.name.removeprefix("graph")))
        data = walks(graph, episodes, task.domain.horizon, seed=seed, policy="edges")
    else:
        data = random_episodes(episodes, seed)
    save(data, folder, about)
    return data
