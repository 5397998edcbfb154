"""Make an Atari data set: games of the agents that a training went through, in the order and proportion
of the training, like a replay buffer.
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
    """An agent and what it gives to a data set.

    Attributes:
        agent: the policy.
        share: of all steps; the shares of a data set sum to 1.
        about: what the manifest says of the agent; `policy` is its name.
    """

    agent: AtariAgent
    share: float
    about: dict[str, Any]


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Let the agents of a game's zoo play, and write what they see; arguments are those of
    `bench.behaviours.generate.generate`.
    """
    zoo = zoo or zoos.read(task.domain)
    parts = [
        Part(AtariAgent.load(zoo.intact(checkpoint)), checkpoint.share, policy(checkpoint))
        for checkpoint in zoo.replay
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
    """Play a task's data set and write it while it is played.

    Each agent begins games until, together with those before it, it has given its share; the last
    game of each is finished, and what it has too many the next agent has fewer. So games are whole
    and long ones are not left out, and there are at least `steps` steps, as the paper's code samples
    (kzl/decision-transformer@e2d82e6 atari/create_dataset.py).

    Sticky actions as in DQN-replay (a frame repeats the action before with probability 0.25), though
    the paper evaluates without.

    Args:
        task: of an Atari game.
        parts: the agents, in the order of training.
        steps: transitions at least.
        seed: another seed gives other games of the same agents.
        folder: where the data set goes.
        progress: called with the steps of each finished game.

    Raises:
        DiskFull: no space; a data set that was there is kept.
    """
    environment = atari.make(task.domain.name, sticky=atari.STICKY)
    games: list[list[tuple[int, float]]] = [[] for _ in parts]  # steps and score of each

    def about() -> dict[str, Any]:
        return described(
            task,
            seed,
            steps_per_part=steps,
            parts=[_given(part, some) for part, some in zip(parts, games, strict=True)],
            sticky=atari.STICKY,
            rewards="clipped to [-1, 1]; scores are the games' own",
        )

    def episodes() -> Iterator[Video]:
        steps_played = 0
        for part, some, end in zip(parts, games, _ends(parts, steps), strict=True):
            name = f"{task.domain.name}-{part.about['policy']}-{seed}"
            players_games = play(part.agent, environment, name)
            while steps_played < end:
                video = next(players_games)
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
    """Return after how many steps of the data set each part has given its share."""
    ends = np.cumsum([part.share for part in parts]) * steps
    return [*np.round(ends[:-1]).astype(np.int64).tolist(), steps]


def _given(part: Part, games: list[tuple[int, float]]) -> dict[str, Any]:
    scores = [score for _, score in games]
    return part.about | {
        "episodes": len(games),
        "steps": sum(steps for steps, _ in games),
        "raw_score_mean": round(sum(scores) / len(scores), 2) if scores else None,
    }
