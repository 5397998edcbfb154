"""The checks of every reader: real numbers, flags, and the spaces and the time limit of the environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.trajectories import Trajectories
from bench.environments.vector import UnknownEnvironment, make
from bench.tasks.families import Domain

ROUNDING = 1e-3  # an action may leave its range by this value


class WrongData(ValueError):
    """A file does not hold the expected data. The message names the difference."""


def complete(path: Path, needed: Iterable[str], there: Collection[str]) -> None:
    """Refuse a file that lacks a needed array.

    Args:
        path: the file.
        needed: names of the needed arrays.
        there: names of the arrays in the file.

    Raises:
        WrongData: an array is missing.
    """
    if missing := [name for name in needed if name not in there]:
        raise WrongData(
            f"{path} has no {', '.join(missing)}. Give {', '.join(needed)}, and `timeouts` and `next_observations` "
            f"if you have them. The file has: {', '.join(there)}"
        )


def numbers(name: str, key: str, values: Any) -> NDArray[Any]:
    """Return values as an array.

    Args:
        name: the data set, at the start of every message.
        key: the name of the array.
        values: the content of the file under this key.

    Raises:
        WrongData: the values are text, objects or complex numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise WrongData(f"{name}: {key} holds {array.dtype}, not real numbers")
    return array


def flags(name: str, key: str, values: Any) -> NDArray[np.bool_]:
    """Return an array of 0 and 1 as booleans.

    Raises:
        WrongData: the array holds another value. NaN would otherwise count as true.
    """
    array = numbers(name, key, values)
    if len(other := np.argwhere((array != 0) & (array != 1))):
        row = int(other[0, 0])
        raise WrongData(
            f"{name}: {key} holds {array[tuple(other[0])]} in row {row}; a flag must be 0 or 1"
        )
    return array.astype(np.bool_)


def time_limit(environment: str) -> int:
    """Return the time limit of an environment, in steps.

    Raises:
        UnknownEnvironment: the id is unknown, the id has no version, or the environment has no time limit.
    """
    made = make(environment)
    try:
        spec = made.spec
    finally:
        made.close()
    if spec.id != environment.rpartition(":")[2]:  # MODULE:ID imports the module first
        raise UnknownEnvironment(
            f"{environment!r} has no version, and the newest version depends on Gymnasium: "
            f"give the full id, like {spec.id}"
        )
    if spec.max_episode_steps is None:
        raise UnknownEnvironment(
            f"{environment} has no time limit, so its episodes may never end: "
            "register it with max_episode_steps"
        )
    return int(spec.max_episode_steps)


def spaces(name: str, environment: str) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the sizes of the observations and the actions of an environment, and its range of actions.

    Raises:
        WrongData: no method for imported data can act in the environment. Observations must be vectors, and
            actions must be vectors in [-1, 1].
    """
    from gymnasium.spaces import Box

    made = make(environment)
    try:
        observation, action = made.observation_space, made.action_space
    finally:
        made.close()
    for what, space in (("observations", observation), ("actions", action)):
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise WrongData(
                f"{name}: {what} of {environment} are {space}; only vectors of real numbers are supported"
            )
    low, high = float(action.low.min()), float(action.high.max())
    if (low, high) != (-1.0, 1.0):
        raise WrongData(
            f"{name}: {environment} takes actions from {low:g} to {high:g}, but methods act in [-1, 1]: "
            "register it wrapped in gymnasium.wrappers.RescaleAction, and scale the actions"
        )
    return (observation.shape[0], action.shape[0]), (low, high)


def fit(
    name: str, domain: Domain, observations: NDArray[Any], actions: NDArray[Any]
) -> tuple[float, float]:
    """Check observations and actions against the spaces of the environment. Return its range of actions.

    Raises:
        WrongData: they do not fit, or `spaces` refuses the environment.
    """
    sizes, (low, high) = spaces(name, domain.environment)
    for what, array, size in zip(
        ("observations", "actions"), (observations, actions), sizes, strict=True
    ):
        if np.ndim(array) != 2 or np.shape(array)[1] != size:
            raise WrongData(
                f"{name}: {what} have shape {np.shape(array)}, but {domain.environment} needs (steps, {size})"
            )
    outside = np.flatnonzero((np.abs(np.asarray(actions, dtype=np.float64)) > 1 + ROUNDING).any(1))
    if len(outside):
        raise WrongData(
            f"{name}: actions leave the environment's range of -1 to 1 in {len(outside):,} rows, first in "
            f"row {outside[0]}: clip them as the environment did"
        )
    return low, high


def within_horizon(name: str, data: Trajectories, domain: Domain) -> None:
    """Refuse data with an episode that is longer than the horizon of the domain.

    Raises:
        WrongData: an episode is too long.
    """
    if (longest := int(data.lengths.max())) > domain.horizon:
        raise WrongData(
            f"{name}: episode {int(data.lengths.argmax())} has {longest:,} steps, but {domain.environment} has at most "
            f"{domain.horizon:,}. A terminal or a time-out is missing in the data"
        )
