"""The data of Gamble: episodes of uniformly random choices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.behaviours.manifest import described, whole_episodes
from bench.behaviours.zoo import Zoo
from bench.core.seeds import generator
from bench.datasets.build import from_arrays
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories
from bench.environments.gamble import (
    ARMS,
    CHANCE,
    LOTTERY,
    PRIZE,
    SAFE,
    SAFE_REWARD,
    SKILL_REWARD,
    TWO_STEP,
    observation,
)
from bench.tasks.registry import Task


def random_episodes(count: int, seed: int) -> Trajectories:
    """Return episodes of uniformly random choices.

    Args:
        count: number of episodes, of one or two steps.
        seed: another seed gives other episodes.
    """
    random = generator("gamble", "random", seed)
    first, second = random.integers(len(ARMS), size=(2, count))
    clues = random.integers(len(ARMS), size=count)
    prize = PRIZE * (random.random(count) < CHANCE)
    right = SKILL_REWARD * (second == clues)
    paid = np.select([first == SAFE, first == LOTTERY], [SAFE_REWARD, prize], default=0.0)
    longer = first == TWO_STEP
    shown = np.stack([observation(clue) for clue in range(len(ARMS))])[clues]
    start = np.broadcast_to(observation(), shown.shape)
    # (count, 2): both steps of every episode, of which short ones have the first alone
    taken = np.stack([np.ones(count, dtype=np.bool_), longer], axis=1)
    ends = np.stack([~longer, longer], axis=1)
    return from_arrays(
        np.stack([start, shown], axis=1)[taken],
        np.stack([first, second], axis=1)[taken],
        np.stack([paid, right], axis=1)[taken].astype(np.float32),
        ends[taken],
        np.zeros(int(taken.sum()), dtype=np.bool_),
        action_range=(0, len(ARMS) - 1),
        final_observations=np.where(longer[:, None], shown, start),
        discrete=True,
    )


def generate(
    task: Task,
    steps: int,
    seed: int,
    folder: Path,
    progress: Callable[[int], None] = lambda steps: None,
    zoo: Zoo | None = None,
) -> Trajectories:
    """Write a data set of random choices and return it. The arguments are those of
    `bench.behaviours.generate.generate`.

    Raises:
        ValueError: `steps` is less than the steps of one episode.
    """
    data = random_episodes(whole_episodes(task, steps), seed)
    save(data, folder, described(task, seed))
    return data
