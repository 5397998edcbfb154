"""Play Atari games with a policy that reads the RAM, and record the frames."""

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
    """A policy that reads the RAM."""

    def act(self, memory: U8, before: U8, chance: F64) -> I64:
        """Return an action for each of L envs, (L,).

        Args:
            memory: (L, 128), the current RAM.
            before: (L, 128), the RAM before the last action; at the start of an episode it equals `memory`.
            chance: (L,), uniform in [0, 1): the random numbers of the policy.
        """


def play(agent: MemoryPolicy, environment: Any, name: str) -> Iterator[Video]:
    """Yield the games 0, 1, 2, ... of `name`, without end.

    The start and the actions of game i have seeds that depend only on `name` and i. Rewards are clipped to [-1, 1], as
    in the DQN-replay data (google/dopamine discrete_domains/run_experiment.py). The raw score is recorded too.

    Args:
        agent: the policy.
        environment: a game with its time limit. Observations are stacks of frames, with the newest last.
        name: the name of the sequence of games; another name gives other games.

    Yields:
        An episode. The next episode overwrites its frames.
    """
    ale = environment.unwrapped.ale
    side = environment.observation_space.shape[1:]
    # pages are allocated when they are written, so memory grows only to the longest game so far
    frames = np.empty((environment.spec.max_episode_steps, *side), dtype=np.uint8)
    for game in itertools.count():
        seen, _ = environment.reset(seed=derive("reset", name, game))
        random = generator("noise", name, game)
        actions: list[int] = []
        points: list[float] = []
        memory = before = ale.getRAM()
        over = False
        while not over:
            frames[len(actions)] = seen[-1]
            action = int(agent.act(memory[None], before[None], random.random(1))[0])
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
