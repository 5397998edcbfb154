"""Generate an Atari data set, like a replay buffer: games of the snapshots of one training, in the order and the
proportion of the training.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours import zoo as zoos
from bench.behaviours.atari_agent import AtariAgent
from bench.behaviours.atari_play import play
from bench.behaviours.manifest import described, policy
from bench.behaviours.zoo import Zoo
from bench.datasets.recorder import Video, record, refuse_without_space
from bench.datasets.trajectories import Trajectories
from bench.environments import atari
from bench.tasks.registry import Task


@dataclass(frozen=True)
class Part:
    """An agent and its part of a data set.

    Attributes:
        agent: the policy.
        fraction: its fraction of all steps; the fractions of a data set sum to 1.
        about: the entries of the manifest about the agent; `policy` is its name.
    """

    agent: AtariAgent
    fraction: float
    about: dict[str, Any]


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
    parts = [
        Part(AtariAgent.load(zoo.intact(snapshot)), snapshot.share, policy(snapshot))
        for snapshot in zoo.replay
    ]
    return play_parts(task, parts, steps, seed, folder, progress)


def play_parts(
    task: Task,
    parts: Sequence[Part],
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
) -> Trajectories:
    """Play the data set of a task, and write it while it is played.

    Each agent starts games until it and the agents before it have played their fractions together. Its last game is
    finished. If that game exceeds the fraction, the next agent plays fewer steps. All games are therefore whole, long
    games are not left out, and the data set has at least `steps` steps. The paper's code also samples whole games
    (kzl/decision-transformer@e2d82e6 atari/create_dataset.py).

    Actions are sticky, as in DQN-replay: a frame repeats the previous action with probability 0.25. The paper evaluates
    without sticky actions.

    Args:
        task: a task of an Atari game.
        parts: the agents, in the order of training.
        steps: the smallest number of transitions.
        seed: another seed gives other games of the same agents.
        folder: the folder of the data set.
        progress: called with the number of steps of each finished game.

    Raises:
        DiskFull: the file system has no space left. An existing data set is kept.
    """
    environment = atari.make(task.domain.name, sticky=atari.STICKY)
    games: list[list[tuple[int, float]]] = [[] for _ in parts]  # steps and score of each game

    def about() -> dict[str, Any]:
        return described(
            task,
            seed,
            steps_per_part=steps,
            parts=[_entry(part, some) for part, some in zip(parts, games, strict=True)],
            sticky=atari.STICKY,
            rewards="clipped to [-1, 1]; scores are the games' own",
        )

    def episodes() -> Iterator[Video]:
        steps_played = 0
        for part, some, end in zip(parts, games, _ends(parts, steps), strict=True):
            name = f"{task.domain.name}-{part.about['policy']}-{seed}"
            games_of_agent = play(part.agent, environment, name)
            while steps_played < end:
                video = next(games_of_agent)
                steps_played += len(video.rewards)
                some.append((len(video.rewards), float(video.score or 0)))
                progress(len(video.rewards))
                yield video

    side = environment.observation_space.shape[-1]
    refuse_without_space(folder, steps, side * side)
    try:
        return record(
            episodes(),
            folder,
            about,
            stack=environment.observation_space.shape[0],
            n_actions=int(environment.action_space.n),
        )
    finally:
        environment.close()


def _ends(parts: Sequence[Part], steps: int) -> list[int]:
    """Return the number of steps of the data set at the end of each part."""
    ends = np.cumsum([part.fraction for part in parts]) * steps
    return [*np.round(ends[:-1]).astype(np.int64).tolist(), steps]


def _entry(part: Part, games: list[tuple[int, float]]) -> dict[str, Any]:
    """Return the entries of the manifest about a part, from the steps and scores of its games."""
    scores = [score for _, score in games]
    return part.about | {
        "episodes": len(games),
        "steps": sum(steps for steps, _ in games),
        "raw_score_mean": round(sum(scores) / len(scores), 2) if scores else None,
    }
