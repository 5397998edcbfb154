"""Key-to-Door as a Gymnasium environment, with pictures, and as a `VectorEnv`.

The agent takes the key in the first room, crosses an empty room, and reaches the door in the third room.
`bench.environments.key_to_door_rooms` has the rules and their source.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray

from bench.environments.key_to_door_rooms import (
    DOOR,
    EDGE,
    FLOOR,
    HORIZON,
    KEY,
    MOVES,
    PHASES,
    SIZE,
    VIEW,
    Bools,
    Rooms,
)
from bench.environments.pixels import U8, caption, centred, enlarge
from bench.environments.vector import F64, I64, VectorEnv

ID = "bench/KeyToDoor-v0"
NAMES = ("KEY", "EMPTY ROOM", "DOOR")
SHADE = 0.55  # brightness, in pictures for people, of the cells that the agent does not see


def draw(rooms: Rooms, env: int, pixels: int = 24) -> U8:
    """Return a picture of an env for people. It shows the current room; the part that the agent sees is
    brighter. A caption shows the phases, the time, whether the agent took the key, and whether it opened
    the door. The agent does not see the caption.

    Args:
        rooms: the episodes.
        env: index of the env.
        pixels: side of a cell, 12 or more.

    Returns:
        RGB (11 * pixels, 13 * pixels, 3), the same size in every room.

    Raises:
        ValueError: the cells are too small for the names of the phases.
    """
    room, size = rooms.picture(env), (SIZE[0] + 2, SIZE[1] + 2)
    plan = centred(room, size, FLOOR)
    top, left = rooms.position[env] + (np.array(size) - room.shape[:2]) // 2 - EDGE
    light = np.full((*size, 1), SHADE)
    light[top : top + VIEW, left : left + VIEW] = 1
    marks = (("KEY", KEY, bool(rooms.has_key[env])), ("DOOR", DOOR, bool(rooms.done[env])))
    phases = tuple(zip(NAMES, PHASES, strict=True))
    below = caption(phases, int(rooms.steps[env]), marks, size[1], pixels)
    return np.concatenate([enlarge((plan * light).astype(np.uint8), pixels), below])


class KeyToDoor(gymnasium.Env[U8, np.int64]):  # type: ignore[misc]
    """One episode of `Rooms` as a Gymnasium environment.

    Actions 0 to 3 move north, south, west, east. The episode always terminates after 120 steps. `info` says
    whether the agent has the key, and gives the phase (0, 1 or 2). The observation shows neither.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 8}  # noqa: RUF012 - Gymnasium's own form
    observation_space = Box(0, 255, shape=(VIEW, VIEW, 3), dtype=np.uint8)
    action_space = Discrete(len(MOVES))

    def __init__(self, render_mode: str | None = None, pixels: int = 24) -> None:
        """Make the environment.

        Args:
            render_mode: None or rgb_array.
            pixels: side of a cell in pictures.

        Raises:
            ValueError: there is no such render mode.
        """
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be None or 'rgb_array', not {render_mode!r}")
        self.render_mode, self.pixels = render_mode, pixels
        # a space has its own generator, so each environment needs its own spaces
        self.observation_space = deepcopy(self.observation_space)
        self.action_space = deepcopy(self.action_space)
        self._rooms = Rooms(1)
        self._env = np.zeros(1, dtype=np.int64)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[U8, dict[str, Any]]:
        """Start an episode. The seed decides the place of the key and the start of the agent."""
        super().reset(seed=seed)
        self._rooms.reset(self._env, [self.np_random])
        return self._rooms.observations[0].copy(), self._info()

    def step(self, action: np.int64) -> tuple[U8, float, bool, bool, dict[str, Any]]:
        """Move.

        Raises:
            gymnasium.error.ResetNeeded: no episode is running.
            ValueError: there is no such action.
        """
        if self._rooms.steps[0] >= HORIZON:
            raise gymnasium.error.ResetNeeded("the episode is over or has not begun: call reset")
        if not self.action_space.contains(action):
            raise ValueError(f"action must be a whole number 0 to {len(MOVES) - 1}, not {action!r}")
        [reward] = self._rooms.step(self._env, np.array([action]))
        over = bool(self._rooms.steps[0] >= HORIZON)
        return self._rooms.observations[0].copy(), float(reward), over, False, self._info()

    def render(self) -> U8 | None:
        """Return `draw`'s picture of the episode, or None without a render mode.

        Raises:
            gymnasium.error.ResetNeeded: no episode has begun.
        """
        if self.render_mode is None:
            return None
        if self._np_random is None:
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset before render")
        return draw(self._rooms, 0, self.pixels)

    def _info(self) -> dict[str, Any]:
        [phase] = self._rooms.phase(self._env)
        return {"has_key": bool(self._rooms.has_key[0]), "phase": int(phase)}


def register() -> None:
    """Register the id with Gymnasium. A second call has no effect."""
    if ID not in gymnasium.registry:
        entry = "bench.environments.key_to_door:KeyToDoor"
        gymnasium.register(ID, entry_point=entry, max_episode_steps=None)  # it terminates by itself


class KeyToDoorVector(VectorEnv):
    """Parallel Key-to-Door episodes that step together in one array operation. Each episode is equal to one in
    a plain `VectorEnv`.
    """

    def __init__(self, count: int) -> None:
        """Make `count` envs."""
        self.environments = []
        self.action_space = KeyToDoor.action_space
        self.rooms = Rooms(count)
        self.observations = self.rooms.observations

    def reset(self, env: int, seed: int) -> None:
        """Start an episode in one env."""
        self.rooms.reset(np.array([env]), [np.random.default_rng(seed)])

    def step_one(self, env: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Act in one env. Return the reward, whether the episode terminated, and whether it timed out."""
        rewards, over = self.step(np.array([env]), np.asarray(action).reshape(1))
        return float(rewards[0]), bool(over[0]), False

    def step(self, envs: I64, actions: NDArray[Any]) -> tuple[F64, Bools]:
        """Act in some envs; see `VectorEnv.step`."""
        rewards = self.rooms.step(envs, actions)
        return rewards.astype(np.float64), self.rooms.steps[envs] >= HORIZON


def make_vector(environment: str, count: int) -> KeyToDoorVector:
    """Return `count` envs that step together."""
    return KeyToDoorVector(count)
