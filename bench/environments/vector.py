"""Make environments, and step many of them in parallel."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.environments.modules import import_modules_for
from bench.tasks.environment_id import gymnasium_id, settings_of
from bench.tasks.registry import FAMILIES, family_of_environment

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]


class UnknownEnvironment(ValueError):
    """Gymnasium cannot make this environment here. The message gives the reason and says what to do."""


def register(environment: str | None = None) -> None:
    """Register the environments of a family with Gymnasium. A second call has no effect.

    Args:
        environment: an id of that family; None registers all families.
    """
    families = FAMILIES.values() if environment is None else [family_of_environment(environment)]
    for family in families:
        import_module(family.environment).register()


def make(environment: str, render_mode: str | None = None) -> Any:
    """Return a Gymnasium environment with its time limit.

    Args:
        environment: a Gymnasium id, which may have settings of its own (`bench.tasks.environment_id`).
        render_mode: Gymnasium's; None: the environment draws nothing.

    Raises:
        UnknownEnvironment: the id is unknown, a setting is not one of the environment's, or the installed
            simulator does not give comparable numbers.
        UntrustedModule: the id names a module that the user did not name.
    """
    import gymnasium

    module = import_module(family_of_environment(environment).environment)
    module.register()
    if hasattr(module, "check"):
        module.check(environment)
    import_modules_for(environment)
    settings = settings_of(environment)
    options: dict[str, Any] = {}
    if settings.max_episode_steps is not None:
        options["max_episode_steps"] = settings.max_episode_steps
    if render_mode is not None:
        options["render_mode"] = render_mode
    with warnings.catch_warnings():
        # Gymnasium warns that -v4 is out of date, but only -v4 is comparable with D4RL
        warnings.simplefilter("ignore")
        try:
            made = gymnasium.make(
                gymnasium_id(environment),
                disable_env_checker=True,
                **options,
                **settings.kwargs,
            )
        except (gymnasium.error.Error, ImportError) as error:
            raise UnknownEnvironment(
                f"cannot make environment {environment!r}: {error}"
                + (
                    ""
                    if ":" in gymnasium_id(environment)
                    else f". If a module of your own registers it, name the module: MODULE:{gymnasium_id(environment)} "
                    "as --environment of an import, and `bench --import MODULE COMMAND` in other commands"
                )
            ) from error
        except Exception as error:  # each environment has its own errors for wrong arguments
            if not settings.kwargs:
                raise
            raise UnknownEnvironment(
                f"cannot make environment {environment!r} with these arguments: {type(error).__name__}: {error}"
            ) from error
    if settings.rescale_actions:
        made = gymnasium.wrappers.RescaleAction(made, np.float32(-1), np.float32(1))
    return made


def simulators(environment: str) -> tuple[str, ...]:
    """Return the packages whose versions determine the behaviour of an environment."""
    return family_of_environment(environment).simulators


def simulator_versions(environment: str) -> dict[str, str]:
    """Return package -> version for the packages of `simulators`."""
    return {name: version(name) for name in simulators(environment)}


def make_vector(environment: str, count: int) -> VectorEnv:
    """Return `count` envs of one environment. They step together if the family has a `make_vector`, and the environment
    has no settings of its own.
    """
    module = import_module(family_of_environment(environment).environment)
    if hasattr(module, "make_vector") and environment == gymnasium_id(environment):
        made: VectorEnv = module.make_vector(environment, count)
        return made
    return VectorEnv(environment, count)


class VectorEnv:
    """L envs of one environment, each in its own episode.

    Attributes:
        action_space: Gymnasium's action space of one env.
        observations: (L, *obs), the current observation of each env; uint8 if those of the environment are
            uint8, else float32. A finished env keeps its last observation.
    """

    def __init__(self, environment: str, count: int) -> None:
        """Make `count` envs."""
        self.environments = [make(environment) for _ in range(count)]
        self.action_space = self.environments[0].action_space
        space = self.environments[0].observation_space
        dtype = np.uint8 if space.dtype == np.uint8 else np.float32
        self.observations: NDArray[Any] = np.zeros((count, *space.shape), dtype=dtype)

    def reset(self, env: int, seed: int) -> None:
        """Start an episode in one env."""
        observation, _ = self.environments[env].reset(seed=seed)
        self.observations[env] = observation

    def step_one(self, env: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Act in one env. Return the reward, whether the episode terminated, and whether it timed out."""
        observation, reward, terminal, timeout, _ = self.environments[env].step(action)
        self.observations[env] = observation
        return float(reward), bool(terminal), bool(timeout) and not bool(terminal)

    def step(self, envs: I64, actions: NDArray[Any]) -> tuple[F64, Bools]:
        """Act in several envs.

        Args:
            envs: (n,), with episodes that are not over.
            actions: (n, act), or (n,) if they are discrete.

        Returns:
            Rewards (n,), and whether each episode is now over (n,).
        """
        steps = [
            self.step_one(env, action) for env, action in zip(envs.tolist(), actions, strict=True)
        ]
        return (
            np.array([reward for reward, _, _ in steps], dtype=np.float64),
            np.array([terminal or timeout for _, terminal, timeout in steps], dtype=np.bool_),
        )

    def close(self) -> None:
        """Close all envs."""
        for environment in self.environments:
            environment.close()
