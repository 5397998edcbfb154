"""MuJoCo environments whose observations hold positions and no velocities.

The observation of HalfCheetah, Hopper and Walker2d (-v4) is the positions of the joints without that of
the body along the track, then all velocities. Here the velocities are left out. Dynamics, rewards and
ends of episodes are unchanged, because all of them are computed from the simulator's state.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from bench.environments import mujoco_version

HORIZON = 1000
# environment -> number of positions in its observation
POSITIONS = {"HalfCheetah": 8, "Hopper": 5, "Walker2d": 8}


def environment_id(base: str) -> str:
    """Return the id of an environment without velocities.

    Args:
        base: a key of `POSITIONS`.
    """
    return f"bench/{base}Positions-v0"


def bases() -> dict[str, str]:
    """Return the ids without velocities -> the ids with them."""
    return {environment_id(base): f"{base}-v4" for base in POSITIONS}


def positions_of(environment: str) -> int:
    """Return how many numbers an observation of an environment of this module has.

    Args:
        environment: one of `bases`.
    """
    return POSITIONS[bases()[environment].removesuffix("-v4")]


class Positions(gymnasium.ObservationWrapper):  # type: ignore[misc]
    """An environment that shows the first numbers of its observation alone."""

    def __init__(self, environment: Any, count: int) -> None:
        """Show the first `count` numbers."""
        super().__init__(environment)
        self.count = count
        space = environment.observation_space
        self.observation_space = Box(space.low[:count], space.high[:count], dtype=space.dtype)

    def observation(self, observation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the part that is shown, (count,)."""
        return observation[: self.count]


def make(base: str, **options: Any) -> Positions:
    """Return the environment without velocities, without a time limit. Gymnasium calls this.

    Args:
        base: a key of `POSITIONS`.
        options: of the environment, such as `render_mode`.
    """
    made = gymnasium.make(f"{base}-v4", disable_env_checker=True, **options)
    return Positions(made.unwrapped, POSITIONS[base])


def register() -> None:
    """Register the ids with Gymnasium. A second call has no effect."""
    for base in POSITIONS:
        if environment_id(base) not in gymnasium.registry:
            gymnasium.register(
                environment_id(base),
                entry_point="bench.environments.positions:make",
                kwargs={"base": base},
                max_episode_steps=HORIZON,
            )


def check(environment: str) -> None:
    """Refuse a version of MuJoCo that gives other numbers; see `bench.environments.mujoco_version`."""
    mujoco_version.check(environment)
