"""Many consoles of one Atari game side by side, seen as their memory: to train a player, and to
score it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.behaviours.atari_agent import F64, I64, U8, Player
from bench.core.seeds import derive, generator
from bench.environments import atari

F32 = NDArray[np.float32]

LANES = 8


class Consoles:
    """A row of consoles, each in its own game, with sticky actions as in the data.

    Attributes:
        choices: how many actions the game has.
        memory: (L, 128) uint8, each console's RAM now.
        before: (L, 128) uint8, the same one action before; at a game's start the same as `memory`.
    """

    def __init__(self, game: str, lanes: int) -> None:
        """Make `lanes` consoles; `start` begins their games.

        Raises:
            UnknownEnvironment: there is no such game here.
        """
        self.lanes = lanes
        self._consoles: list[Any] = [
            atari.make(game, sticky=atari.STICKY, ram=True) for _ in range(lanes)
        ]
        self.choices = int(self._consoles[0].action_space.n)
        self.memory: U8 = np.zeros((lanes, atari.RAM), dtype=np.uint8)
        self.before: U8 = self.memory.copy()
        self._lives = np.zeros(lanes, dtype=np.int64)

    def start(self, lane: int, seed: int | None) -> None:
        """Begin a game; without a seed it depends on what was played in this lane before."""
        memory, info = self._consoles[lane].reset(seed=seed)
        self.memory[lane] = self.before[lane] = memory
        self._lives[lane] = info["lives"]

    def step(self, lane: int, action: int) -> tuple[float, bool, bool]:
        """Act in one lane; return the raw reward, whether a life was lost, and whether the game is
        over.
        """
        memory, reward, terminal, timeout, info = self._consoles[lane].step(action)
        self.before[lane] = self.memory[lane]
        self.memory[lane] = memory
        lost = info["lives"] < self._lives[lane]
        self._lives[lane] = info["lives"]
        return float(reward), bool(lost), bool(terminal or timeout)


class Games:
    """Consoles that play without end: where a game is over another begins."""

    def __init__(self, game: str, lanes: int) -> None:
        """Make the consoles; `restart` begins their games."""
        self.consoles = Consoles(game, lanes)
        self._scores = np.zeros(lanes)

    def restart(self, *names: str | int) -> None:
        """Begin new games in all lanes, seeded with these names."""
        for lane in range(self.consoles.lanes):
            self.consoles.start(lane, derive(*names, lane))
        self._scores[:] = 0

    def step(self, actions: I64) -> tuple[F32, F32, list[float]]:
        """Act in each lane.

        Returns:
            Raw rewards (L,), 1 where a life or the game ended (L,), and the scores of the games
            that are over.
        """
        rewards = np.zeros(len(actions), dtype=np.float32)
        ends, scores = np.zeros_like(rewards), []
        for lane, action in enumerate(actions.tolist()):
            rewards[lane], lost, over = self.consoles.step(lane, action)
            self._scores[lane] += rewards[lane]
            ends[lane] = lost or over
            if over:
                scores.append(float(self._scores[lane]))
                self._scores[lane] = 0
                self.consoles.start(lane, None)
        return rewards, ends, scores


def scored(player: Player, game: str, *, name: str, episodes: int) -> tuple[F64, I64]:
    """Play whole games of `name` and return their raw scores and lengths in steps, (E,) each.

    Game i starts from, and draws its actions with, seeds that depend on `name` and i alone.
    """
    consoles = Consoles(game, min(LANES, episodes))
    scores, lengths = np.zeros(episodes), np.zeros(episodes, dtype=np.int64)
    waiting = iter(range(episodes))
    playing: dict[int, tuple[int, np.random.Generator]] = {}  # lane -> game, its dice

    def begin(lane: int) -> None:
        playing.pop(lane, None)
        if (index := next(waiting, None)) is not None:
            consoles.start(lane, derive("reset", name, index))
            playing[lane] = index, generator("noise", name, index)

    for lane in range(consoles.lanes):
        begin(lane)
    chance = np.zeros(consoles.lanes)  # all lanes are always computed: the same last bits
    while playing:
        for lane, (_, dice) in playing.items():
            chance[lane] = dice.random()
        actions = player.act(consoles.memory, consoles.before, chance)
        for lane, (index, _) in list(playing.items()):
            reward, _, over = consoles.step(lane, int(actions[lane]))
            scores[index] += reward
            lengths[index] += 1
            if over:
                begin(lane)
    return scores, lengths
