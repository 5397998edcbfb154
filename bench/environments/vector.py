"""Make environments and step many of them side by side."""

from __future__ import annotations

import warnings
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Hopper-v4 transitions recorded with mujoco 2.3.3 to 3.4 do not re-simulate from 3.5 on (contacts
# differ).
MUJOCO_FROM, MUJOCO_BELOW = (2, 3, 3), (3, 5, 0)


class UnknownEnvironment(ValueError):
    """Gymnasium cannot make this environment here. The message says why and what to do."""


def register() -> None:
    """Make this suite's environments known to Gymnasium; doing it twice is harmless."""
    from bench.environments import atari, graph, key_to_door, reacher2d

    for module in (reacher2d, key_to_door, graph, atari):
        module.register()


def make(environment: str) -> Any:
    """Return a Gymnasium environment with its time limit.

    Raises:
        UnknownEnvironment: the id is unknown, or the installed simulator would not give comparable
            numbers.
    """
    import gymnasium

    register()
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


def simulator_versions(environment: str) -> dict[str, str]:
    """Return the versions of the packages that decide what an environment does."""
    return {name: version(name) for name in simulators(environment)}


def simulators(environment: str) -> tuple[str, ...]:
    """Return the packages that decide what an environment does."""
    from bench.environments.atari import IDS as ATARI

    if environment in ATARI:
        return "gymnasium", "ale-py", "opencv-python-headless"
    return "gymnasium", "mujoco"


def lanes_of(environment: str, count: int) -> Lanes:
    """Return `count` environments of one kind; stepped together where they can be."""
    from bench.environments.key_to_door import ID as KEY_TO_DOOR

    return KeyToDoorLanes(count) if environment == KEY_TO_DOOR else Lanes(environment, count)


class Lanes:
    """A row of environments of one kind, each in its own episode.

    Attributes:
        action_space: Gymnasium's, of one environment.
        observations: (L, *obs) float32, or uint8 where the environment's are, what each lane shows
            now. A lane at rest keeps its last observation.
    """

    def __init__(self, environment: str, count: int) -> None:
        """Make `count` environments."""
        self.environments = [make(environment) for _ in range(count)]
        self.action_space = self.environments[0].action_space
        space = self.environments[0].observation_space
        dtype = np.uint8 if space.dtype == np.uint8 else np.float32
        self.observations: NDArray[Any] = np.zeros((count, *space.shape), dtype=dtype)

    def reset(self, lane: int, seed: int) -> None:
        """Start an episode in one lane."""
        observation, _ = self.environments[lane].reset(seed=seed)
        self.observations[lane] = observation

    def step(self, lane: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Act in one lane; return reward, terminal and time-out."""
        observation, reward, terminal, timeout, _ = self.environments[lane].step(action)
        self.observations[lane] = observation
        return float(reward), bool(terminal), bool(timeout) and not bool(terminal)

    def advance(self, lanes: I64, actions: NDArray[Any]) -> tuple[F64, Bools]:
        """Act in some lanes.

        Args:
            lanes: (n,), whose episodes are not over.
            actions: (n, act), or (n,) where they are discrete.

        Returns:
            Rewards (n,), and whether each episode is over now (n,).
        """
        steps = [
            self.step(lane, action) for lane, action in zip(lanes.tolist(), actions, strict=True)
        ]
        return (
            np.array([reward for reward, _, _ in steps], dtype=np.float64),
            np.array([terminal or timeout for _, terminal, timeout in steps], dtype=np.bool_),
        )

    def close(self) -> None:
        """Close all environments."""
        for environment in self.environments:
            environment.close()


class KeyToDoorLanes(Lanes):
    """Key-to-Door's episodes, one array operation for all of them; equal to `Lanes` episode by
    episode.
    """

    def __init__(self, count: int) -> None:
        """Make `count` episodes."""
        from bench.environments.key_to_door import KeyToDoor, Rooms

        self.environments = []
        self.action_space = KeyToDoor.action_space
        self.rooms = Rooms(count)
        self.observations = self.rooms.observations

    def reset(self, lane: int, seed: int) -> None:
        """Start an episode in one lane."""
        self.rooms.reset(np.array([lane]), [np.random.default_rng(seed)])

    def step(self, lane: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Act in one lane; return reward, terminal and time-out."""
        rewards, over = self.advance(np.array([lane]), np.asarray(action).reshape(1))
        return float(rewards[0]), bool(over[0]), False

    def advance(self, lanes: I64, actions: NDArray[Any]) -> tuple[F64, Bools]:
        """Act in some lanes; see `Lanes.advance`."""
        from bench.environments.key_to_door import HORIZON

        rewards = self.rooms.step(lanes, actions)
        return rewards.astype(np.float64), self.rooms.steps[lanes] >= HORIZON
