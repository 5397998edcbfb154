"""Make environments and step many of them side by side."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# Hopper-v4 transitions recorded with mujoco 2.3.3 to 3.4 do not re-simulate from 3.5 on (contacts
# differ).
MUJOCO_FROM, MUJOCO_BELOW = (2, 3, 3), (3, 5, 0)


class UnknownEnvironment(ValueError):
    """Gymnasium cannot make this environment here. The message says why and what to do."""


def make(environment: str) -> Any:
    """Return a Gymnasium environment with its time limit.

    Raises:
        UnknownEnvironment: the id is unknown, or the installed simulator would not give comparable
            numbers.
    """
    import gymnasium

    from bench.environments import reacher2d

    reacher2d.register()
    installed = tuple(int(part) for part in version("mujoco").split(".")[:3])
    if not MUJOCO_FROM <= installed < MUJOCO_BELOW:
        raise UnknownEnvironment(
            f"mujoco {version('mujoco')} is installed, but {environment} is reproducible only with "
            "mujoco >= 2.3.3, < 3.5: install the versions of requirements.lock"
        )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # "-v4 is out of date": it is the version comparable with D4RL
        try:
            return gymnasium.make(environment, disable_env_checker=True)
        except gymnasium.error.Error as error:
            raise UnknownEnvironment(f"cannot make environment {environment!r}: {error}") from error


def simulator_versions() -> dict[str, str]:
    """Return the versions of the packages that decide what an environment does."""
    return {name: version(name) for name in ("gymnasium", "mujoco")}


class Lanes:
    """A row of environments of one kind, each in its own episode.

    Attributes:
        observations: (L, obs) float32, what each lane shows now. A lane at rest keeps its last
            observation.
    """

    def __init__(self, environment: str, count: int) -> None:
        """Make `count` environments."""
        self.environments = [make(environment) for _ in range(count)]
        space = self.environments[0].observation_space
        self.observations: F32 = np.zeros((count, *space.shape), dtype=np.float32)

    def reset(self, lane: int, seed: int) -> None:
        """Start an episode in one lane."""
        observation, _ = self.environments[lane].reset(seed=seed)
        self.observations[lane] = observation

    def step(self, lane: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Act in one lane; return reward, terminal and time-out."""
        observation, reward, terminal, timeout, _ = self.environments[lane].step(action)
        self.observations[lane] = observation
        return float(reward), bool(terminal), bool(timeout) and not bool(terminal)

    def close(self) -> None:
        """Close all environments."""
        for environment in self.environments:
            environment.close()
