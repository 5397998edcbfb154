"""MuJoCo environments with gusts of wind: stochastic dynamics, so that a return is partly luck.

At each step a gust begins with a small probability, unless one blows. It pushes the torso forward or
backward, with equal probability, for a fraction of a second, with a force that is a share of the body's
weight. Observations do not show it. The environments are otherwise Hopper and Walker2d (-v4) of
Gymnasium. With this force, eight of twenty episodes of Walker2d's expert end in a fall, and all twenty
of Hopper's; without wind none of ten. HalfCheetah is left out, because a gust of its whole weight
barely lowers its return.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from bench.environments import mujoco_version

HORIZON = 1000
BASES = ("Hopper", "Walker2d")
CHANCE = 0.01  # of a gust, at each step without one
SECONDS = 0.2  # how long it blows
STRENGTH = 0.25  # its force, in weights of the body


def environment_id(base: str) -> str:
    """Return the id of an environment with gusts.

    Args:
        base: one of `BASES`.
    """
    return f"bench/{base}Gusts-v0"


def bases() -> dict[str, str]:
    """Return the ids with gusts -> the ids without."""
    return {environment_id(base): f"{base}-v4" for base in BASES}


class Gusts(gymnasium.Wrapper):  # type: ignore[misc]
    """A MuJoCo environment with gusts. The seed of `reset` decides them."""

    def __init__(
        self,
        environment: Any,
        chance: float = CHANCE,
        seconds: float = SECONDS,
        strength: float = STRENGTH,
    ) -> None:
        """Add gusts to an environment.

        Args:
            environment: of Gymnasium, with a body named `torso`.
            chance: of a gust, at each step without one.
            seconds: how long it blows.
            strength: its force, in weights of the whole body.
        """
        super().__init__(environment)
        model = environment.unwrapped.model
        self._torso = model.body("torso").id
        gravity = float(np.linalg.norm(model.opt.gravity))
        self._force = strength * gravity * float(model.body_mass.sum())
        self._chance, self._length = chance, max(1, round(seconds / environment.unwrapped.dt))
        self._left, self._push = 0, 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float64], dict[str, Any]]:
        """Start an episode without wind."""
        self._left, self._push = 0, 0.0
        started: tuple[NDArray[np.float64], dict[str, Any]] = self.env.reset(
            seed=seed, options=options
        )
        return started

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], float, bool, bool, dict[str, Any]]:
        """Act, while the wind blows or not. `info["wind"]` is the force in newtons, positive if forward."""
        random = (
            self.unwrapped.np_random
        )  # the dynamics draw nothing else from it during an episode
        if self._left == 0:
            self._push = 0.0
            if random.random() < self._chance:
                self._left = self._length
                self._push = self._force * (1 if random.random() < 0.5 else -1)
        self._left = max(self._left - 1, 0)
        self.unwrapped.data.xfrc_applied[self._torso, 0] = self._push
        observation, reward, terminal, timeout, info = self.env.step(action)
        return observation, float(reward), terminal, timeout, info | {"wind": self._push}


def make(base: str, **options: Any) -> Gusts:
    """Return the environment with gusts, without a time limit. Gymnasium calls this.

    Args:
        base: one of `BASES`.
        options: of the environment, such as `render_mode`.
    """
    return Gusts(gymnasium.make(f"{base}-v4", disable_env_checker=True, **options).unwrapped)


def register() -> None:
    """Register the ids with Gymnasium. A second call has no effect."""
    for base in BASES:
        if environment_id(base) not in gymnasium.registry:
            gymnasium.register(
                environment_id(base),
                entry_point="bench.environments.gusts:make",
                kwargs={"base": base},
                max_episode_steps=HORIZON,
            )


def check(environment: str) -> None:
    """Refuse a version of MuJoCo that gives other numbers; see `bench.environments.mujoco_version`."""
    mujoco_version.check(environment)
