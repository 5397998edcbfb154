"""Play Atari games with a policy that reads the console's memory, and keep the pictures."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from bench.core.seeds import derive, generator
from bench.datasets.frames import U8
from bench.datasets.recorder import Video
from bench.datasets.trajectories import F64, I64


class MemoryPolicy(Protocol):
    """A policy that needs no picture."""

    def act(self, memory: U8, before: U8, chance: F64) -> I64:
        """Return an action for each of L consoles, (L,).

        Args:
            memory: (L, 128), the console's RAM now.
            before: (L, 128), the RAM at the action before; at an episode's start the same.
            chance: (L,), uniform in [0, 1): the policy's dice.
        """


def play(agent: MemoryPolicy, environment: Any, name: str) -> Iterator[Video]:
    """Yield the games 0, 1, 2, ... of `name`, without end.

    Game i starts from, and draws its actions with, seeds that depend on `name` and i alone. Rewards
    are clipped to [-1, 1], as in the DQN-replay data (Dopamine's runner,
    google/dopamine discrete_domains/run_experiment.py); the raw score is kept beside.

    Args:
        agent: the policy.
        environment: a game with its time limit, showing stacks of frames, the newest last.
        name: names the stream of games; another name gives others.

    Yields:
        An episode; its frames are overwritten by the next one.
    """
    ale = environment.unwrapped.ale
    side = environment.observation_space.shape[1:]
    # memory is taken as it is written to: that of the longest game so far
    frames = np.empty((environment.spec.max_episode_steps, *side), dtype=np.uint8)
    for game in itertools.count():
        seen, _ = environment.reset(seed=derive("reset", name, game))
        dice = generator("noise", name, game)
        actions: list[int] = []
        points: list[float] = []
        memory = before = ale.getRAM()
        over = False
        while not over:
            frames[len(actions)] = seen[-1]
            action = int(agent.act(memory[None], before[None], dice.random(1))[0])
            seen, reward, terminal, timeout, _ = environment.step(action)
            memory, before = ale.getRAM(), memory
            actions.append(action)
            points.append(float(reward))
            over = terminal or timeout
        yield Video(
            frames=frames[: len(actions)],
            actions=np.array(actions, dtype=np.int64),
            rewards=np.clip(points, -1, 1).astype(np.float32),
            terminal=bool(terminal),
            final=np.array(seen[-1]),
            score=float(np.sum(points)),
        )
