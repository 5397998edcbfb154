"""The rooms and the rules of Key-to-Door, for many episodes at once.

The paper's long-term credit assignment task (section 5.4, Table 6) was not released. Its Figure 5 shows
that the phases last 15, 90 and 15 steps. These are the defaults of a public environment:
google-deepmind/deepmind-research@f5de0ed tvt/pycolab/key_to_door.py (Hung et al. 2019). The rooms and
the colours here are those of that environment. Two things differ: the second room has no apples, and the
reward is 1. A uniformly random policy succeeds in 2.81 % of episodes (the tests compute it exactly); the
paper reports 3.1 %. docs/key_to_door.md lists what is known and what is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from bench.environments.pixels import U8, centred

PHASES = (15, 90, 15)  # steps in the key room, the empty room, the door room (Figure 5)
HORIZON = sum(PHASES)
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1))  # actions 0 to 3: north, south, west, east
VIEW = 5  # rows and columns that the agent sees, with itself in the middle
EDGE = VIEW // 2

# '#': a wall; 'k': a possible place of the key; '+': a possible start of the agent; 'd': the door
ROOMS = (
    (
        "  #######  ",
        "  #kkkkk#  ",
        "  #kkkkk#  ",
        "  ##   ##  ",
        "  #+++++#  ",
        "  #+++++#  ",
        "  #######  ",
    ),
    (
        "###########",
        "#         #",
        "#         #",
        "#         #",
        "#         #",
        "#    +    #",
        "###########",
    ),
    (
        "##d##",
        "#   #",
        "# + #",
        "#   #",
        "#####",
    ),
)
SIZE = (7, 11)  # rows and columns of the largest room
INDICATOR = (0, 5)  # a light in the key room, on for one frame after the agent takes the key

AGENT, KEY, DOOR, LIT = (229, 149, 110), (160, 82, 45), (135, 206, 235), (255, 255, 255)
COLOURS = {"#": (26, 26, 26), "d": DOOR}
FLOOR = (204, 204, 204)  # also the colour outside the walls

Cells = NDArray[np.int64]
Bools = NDArray[np.bool_]


def paint(room: Sequence[str]) -> U8:
    """Return a room without key and agent as RGB (rows, columns, 3), with one pixel for each cell."""
    return np.array([[COLOURS.get(cell, FLOOR) for cell in row] for row in room], dtype=np.uint8)


def cells(room: Sequence[str], kind: str) -> Cells:
    """Return the (row, column) of every cell of a kind, (n, 2), row by row."""
    return np.argwhere(np.array([list(row) for row in room]) == kind)


class Rooms:
    """Parallel episodes of Key-to-Door, in L envs.

    Attributes:
        observations: (L, 5, 5, 3) uint8, the cells around each agent, with the agent in the middle. They do
            not show whether the agent has the key. It is always the same array.
        steps: (L,), actions so far; 120 if no episode runs.
        position: (L, 2), row and column of each agent in its room.
        key: (L, 2), the place of the key at the start of each episode.
        has_key: (L,) bool, whether the agent took the key.
        done: (L,) bool, whether the agent opened the door. The episode continues after that.
    """

    def __init__(self, count: int) -> None:
        """Make `count` envs. `reset` starts their episodes."""
        self._blocked: Bools = np.zeros((len(ROOMS), *SIZE), dtype=np.bool_)
        self._views: U8 = np.zeros((len(ROOMS), *SIZE, VIEW, VIEW, 3), dtype=np.uint8)
        for index, room in enumerate(ROOMS):
            self._blocked[index][tuple(cells(room, "#").T)] = True
            rows, columns = len(room), len(room[0])
            padded = centred(paint(room), (rows + 2 * EDGE, columns + 2 * EDGE), FLOOR)
            views = sliding_window_view(padded, (VIEW, VIEW), axis=(0, 1))
            self._views[index, :rows, :columns] = np.moveaxis(views, 2, -1)  # colours last
        self._views[:, :, :, EDGE, EDGE] = AGENT
        self._keys, self._starts = cells(ROOMS[0], "k"), cells(ROOMS[0], "+")
        self._entrances = np.array([cells(room, "+")[0] for room in ROOMS])
        self._door = cells(ROOMS[2], "d")[0]
        # the room at each step; the last room has one step more, for the final observation
        self._phase_at = np.repeat(np.arange(len(PHASES)), (*PHASES[:-1], PHASES[-1] + 1))
        self._lit: Bools = np.zeros(count, dtype=np.bool_)  # the indicator
        self.steps: Cells = np.full(count, HORIZON, dtype=np.int64)
        self.position: Cells = np.zeros((count, 2), dtype=np.int64)
        self.key: Cells = np.zeros((count, 2), dtype=np.int64)
        self.has_key: Bools = np.zeros(count, dtype=np.bool_)
        self.done: Bools = np.zeros(count, dtype=np.bool_)
        self.observations: U8 = np.zeros((count, VIEW, VIEW, 3), dtype=np.uint8)

    def reset(self, envs: NDArray[np.integer], generators: Sequence[np.random.Generator]) -> None:
        """Start an episode in each of these envs.

        Args:
            envs: (n,), all different.
            generators: one for each of the n envs; it draws the place of the key and the start of the agent.
        """
        for env, generator in zip(envs.tolist(), generators, strict=True):
            self.key[env] = self._keys[generator.integers(len(self._keys))]
            self.position[env] = self._starts[generator.integers(len(self._starts))]
        for flags in (self.has_key, self.done, self._lit):
            flags[envs] = False
        self.steps[envs] = 0
        self._observe(envs)

    def step(self, envs: NDArray[np.integer], actions: NDArray[np.integer]) -> NDArray[np.float32]:
        """Act in these envs.

        Args:
            envs: (n,), all different, with episodes that are not over.
            actions: (n,), 0 to 3.

        Returns:
            Rewards (n,): 1 when the agent reaches the door with the key for the first time, else 0.

        Raises:
            ValueError: there is no such action, or an env has no running episode. The state is unchanged.
        """
        if (self.steps[envs] >= HORIZON).any():
            raise ValueError("an episode is over or has not begun: reset its env first")
        wrong = (actions < 0) | (actions >= len(MOVES))
        if wrong.any():
            raise ValueError(f"actions must be 0 to {len(MOVES) - 1}, not {actions[wrong][0]}")
        phase, here = self.phase(envs), self.position[envs]
        # only the door is on the edge of a map, and an agent cannot leave the map through it
        there = np.clip(here + np.array(MOVES)[actions], 0, np.array(SIZE) - 1)
        at_door = (phase == 2) & (there == self._door).all(axis=1)
        free = ~self._blocked[phase, there[:, 0], there[:, 1]]
        free &= ~at_door | self.has_key[envs]
        here = np.where(free[:, None], there, here)
        took = (phase == 0) & ~self.has_key[envs] & (here == self.key[envs]).all(axis=1)
        opened: Bools = at_door & free & ~self.done[envs]
        self.has_key[envs] |= took
        self.done[envs] |= opened
        self.steps[envs] += 1
        entered = self.phase(envs)  # time alone moves the agent to the next room
        moved = entered != phase
        here[moved] = self._entrances[entered[moved]]
        self.position[envs] = here
        self._lit[envs] = took & ~moved
        self._observe(envs)
        return opened.astype(np.float32)

    def phase(self, envs: NDArray[np.integer]) -> Cells:
        """Return the current room of each of these envs, (n,): 0, 1 or 2."""
        phase: Cells = self._phase_at[self.steps[envs]]
        return phase

    def _observe(self, envs: NDArray[np.integer]) -> None:
        """Write the observations of these envs to `observations`."""
        phase, here = self.phase(envs), self.position[envs]
        seen = self._views[phase, here[:, 0], here[:, 1]]
        lying = (phase == 0) & ~self.has_key[envs]
        lit = self._lit[envs]
        for shown, cell, colour in ((lying, self.key[envs], KEY), (lit, INDICATOR, LIT)):
            place = cell - here + EDGE
            inside = np.flatnonzero(shown & ((place >= 0) & (place < VIEW)).all(axis=1))
            seen[inside, place[inside, 0], place[inside, 1]] = colour
        self.observations[envs] = seen

    def picture(self, env: int) -> U8:
        """Return the whole current room of an env, RGB (rows, columns, 3), with one pixel for each cell."""
        [phase] = self.phase(np.array([env]))
        image = paint(ROOMS[phase])
        if phase == 0 and not self.has_key[env]:
            image[tuple(self.key[env])] = KEY
        if self._lit[env]:
            image[INDICATOR] = LIT
        image[tuple(self.position[env])] = AGENT
        return image
