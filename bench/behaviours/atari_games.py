"""Parallel envs of one Atari game with the RAM as observation, for the training and the evaluation of agents."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.behaviours.atari_agent import F64, I64, U8, AtariAgent
from bench.core.seeds import derive, generator
from bench.environments import atari

F32 = NDArray[np.float32]

NUM_ENVS = 8


class RamEnvs:
    """L envs of one Atari game, with sticky actions as in the data.

    Attributes:
        n_actions: number of actions of the game.
        memory: (L, 128) uint8, the current RAM of each env.
        before: (L, 128) uint8, the RAM before the last action; at the start of a game it equals `memory`.
    """

    def __init__(self, game: str, num_envs: int) -> None:
        """Make `num_envs` envs. `reset` starts their games.

        Raises:
            UnknownEnvironment: the game is unknown, or its ROM or ale-py is missing.
        """
        self.num_envs = num_envs
        self._environments: list[Any] = [
            atari.make(game, sticky=atari.STICKY, ram=True) for _ in range(num_envs)
        ]
        self.n_actions = int(self._environments[0].action_space.n)
        self.memory: U8 = np.zeros((num_envs, atari.RAM), dtype=np.uint8)
        self.before: U8 = self.memory.copy()
        self._lives = np.zeros(num_envs, dtype=np.int64)

    def reset(self, env: int, seed: int | None) -> None:
        """Start a game in one env. Without a seed, the game depends on the earlier games in this env."""
        memory, info = self._environments[env].reset(seed=seed)
        self.memory[env] = self.before[env] = memory
        self._lives[env] = info["lives"]

    def step(self, env: int, action: int) -> tuple[float, bool, bool]:
        """Act in one env. Return the raw reward, whether a life was lost, and whether the game is over."""
        memory, reward, terminal, timeout, info = self._environments[env].step(action)
        self.before[env] = self.memory[env]
        self.memory[env] = memory
        lost = info["lives"] < self._lives[env]
        self._lives[env] = info["lives"]
        return float(reward), bool(lost), bool(terminal or timeout)


class AutoResetEnvs:
    """Envs that start a new game whenever a game is over.

    Attributes:
        envs: the envs.
    """

    def __init__(self, game: str, num_envs: int) -> None:
        """Make the envs. `restart` starts their games."""
        self.envs = RamEnvs(game, num_envs)
        self._scores = np.zeros(num_envs)

    def restart(self, *names: str | int) -> None:
        """Start new games in all envs, with seeds from these names."""
        for env in range(self.envs.num_envs):
            self.envs.reset(env, derive(*names, env))
        self._scores[:] = 0

    def step(self, actions: I64) -> tuple[F32, F32, list[float]]:
        """Act in each env.

        Returns:
            Raw rewards (L,); 1 where a life was lost or the game ended, else 0 (L,); and the scores of the games
            that are over.
        """
        rewards = np.zeros(len(actions), dtype=np.float32)
        ends, scores = np.zeros_like(rewards), []
        for env, action in enumerate(actions.tolist()):
            rewards[env], lost, over = self.envs.step(env, action)
            self._scores[env] += rewards[env]
            ends[env] = lost or over
            if over:
                scores.append(float(self._scores[env]))
                self._scores[env] = 0
                self.envs.reset(env, None)
        return rewards, ends, scores


def evaluate_agent(agent: AtariAgent, game: str, *, name: str, episodes: int) -> tuple[F64, I64]:
    """Play E = `episodes` whole games. Return their raw scores and their lengths in steps, (E,) each.

    The start and the actions of game i have seeds that depend only on `name` and i.
    """
    envs = RamEnvs(game, min(NUM_ENVS, episodes))
    scores, lengths = np.zeros(episodes), np.zeros(episodes, dtype=np.int64)
    waiting = iter(range(episodes))
    playing: dict[
        int, tuple[int, np.random.Generator]
    ] = {}  # env -> index and generator of its game

    def begin(env: int) -> None:
        playing.pop(env, None)
        if (index := next(waiting, None)) is not None:
            envs.reset(env, derive("reset", name, index))
            playing[env] = index, generator("noise", name, index)

    for env in range(envs.num_envs):
        begin(env)
    chance = np.zeros(envs.num_envs)  # always compute all envs, so that the last bits are the same
    while playing:
        for env, (_, random) in playing.items():
            chance[env] = random.random()
        actions = agent.act(envs.memory, envs.before, chance)
        for env, (index, _) in list(playing.items()):
            reward, _, over = envs.step(env, int(actions[env]))
            scores[index] += reward
            lengths[index] += 1
            if over:
                begin(env)
    return scores, lengths
