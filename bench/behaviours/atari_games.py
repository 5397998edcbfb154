"""Many consoles of one Atari game side by side, seen as their memory: to train an agent, and to
score it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.behaviours.atari_agent import F64, I64, U8, AtariAgent
from bench.core.seeds import derive, generator
from bench.environments import atari

F32 = NDArray[np.float32]

NUM_ENVS = 8


class Consoles:
    """A row of consoles, each in its own game, with sticky actions as in the data.

    Attributes:
        choices: how many actions the game has.
        memory: (L, 128) uint8, each console's RAM now.
        before: (L, 128) uint8, the same one action before; at a game's start the same as `memory`.
    """

    def __init__(self, game: str, num_envs: int) -> None:
        """Make `num_envs` consoles; `start` begins their games.

        Raises:
            UnknownEnvironment: there is no such game here.
        """
        self.num_envs = num_envs
        self._consoles: list[Any] = [
            atari.make(game, sticky=atari.STICKY, ram=True) for _ in range(num_envs)
        ]
        self.n_actions = int(self._consoles[0].action_space.n)
        self.memory: U8 = np.zeros((num_envs, atari.RAM), dtype=np.uint8)
        self.before: U8 = self.memory.copy()
        self._lives = np.zeros(num_envs, dtype=np.int64)

    def start(self, env: int, seed: int | None) -> None:
        """Begin a game; without a seed it depends on what was played in this env before."""
        memory, info = self._consoles[env].reset(seed=seed)
        self.memory[env] = self.before[env] = memory
        self._lives[env] = info["lives"]

    def step(self, env: int, action: int) -> tuple[float, bool, bool]:
        """Act in one env; return the raw reward, whether a life was lost, and whether the game is
        over.
        """
        memory, reward, terminal, timeout, info = self._consoles[env].step(action)
        self.before[env] = self.memory[env]
        self.memory[env] = memory
        lost = info["lives"] < self._lives[env]
        self._lives[env] = info["lives"]
        return float(reward), bool(lost), bool(terminal or timeout)


class Games:
    """Consoles that play without end: where a game is over another begins."""

    def __init__(self, game: str, num_envs: int) -> None:
        """Make the consoles; `restart` begins their games."""
        self.consoles = Consoles(game, num_envs)
        self._scores = np.zeros(num_envs)

    def restart(self, *names: str | int) -> None:
        """Begin new games in all envs, seeded with these names."""
        for env in range(self.consoles.num_envs):
            self.consoles.start(env, derive(*names, env))
        self._scores[:] = 0

    def step(self, actions: I64) -> tuple[F32, F32, list[float]]:
        """Act in each env.

        Returns:
            Raw rewards (L,), 1 where a life or the game ended (L,), and the scores of the games
            that are over.
        """
        rewards = np.zeros(len(actions), dtype=np.float32)
        ends, scores = np.zeros_like(rewards), []
        for env, action in enumerate(actions.tolist()):
            rewards[env], lost, over = self.consoles.step(env, action)
            self._scores[env] += rewards[env]
            ends[env] = lost or over
            if over:
                scores.append(float(self._scores[env]))
                self._scores[env] = 0
                self.consoles.start(env, None)
        return rewards, ends, scores


def scored(agent: AtariAgent, game: str, *, name: str, episodes: int) -> tuple[F64, I64]:
    """Play whole games of `name` and return their raw scores and lengths in steps, (E,) each.

    Game i starts from, and draws its actions with, seeds that depend on `name` and i alone.
    """
    consoles = Consoles(game, min(NUM_ENVS, episodes))
    scores, lengths = np.zeros(episodes), np.zeros(episodes, dtype=np.int64)
    waiting = iter(range(episodes))
    playing: dict[int, tuple[int, np.random.Generator]] = {}  # env -> game, its dice

    def begin(env: int) -> None:
        playing.pop(env, None)
        if (index := next(waiting, None)) is not None:
            consoles.start(env, derive("reset", name, index))
            playing[env] = index, generator("noise", name, index)

    for env in range(consoles.num_envs):
        begin(env)
    chance = np.zeros(consoles.num_envs)  # all envs are always computed: the same last bits
    while playing:
        for env, (_, dice) in playing.items():
            chance[env] = dice.random()
        actions = agent.act(consoles.memory, consoles.before, chance)
        for env, (index, _) in list(playing.items()):
            reward, _, over = consoles.step(env, int(actions[env]))
            scores[index] += reward
            lengths[index] += 1
            if over:
                begin(env)
    return scores, lengths
