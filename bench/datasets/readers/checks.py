"""What every reader of data checks: real numbers, flags, the environment's spaces and its time limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.trajectories import Trajectories
from bench.environments.vector import UnknownEnvironment, make
from bench.tasks.families import Domain

ROUNDING = 1e-3  # by which an action may leave its range


class WrongData(ValueError):
    """A file is not the data set it is said to be. The message names what differs."""


def complete(path: Path, needed: Iterable[str], there: Collection[str]) -> None:
    """Refuse a file without all needed arrays.

    Raises:
        WrongData: one is missing.
    """
    if missing := [name for name in needed if name not in there]:
        raise WrongData(
            f"{path} has no {', '.join(missing)}; needed are {', '.join(needed)}, and `timeouts` and "
            f"`next_observations` where there are any. It has: {', '.join(there)}"
        )


def numbers(name: str, key: str, values: Any) -> NDArray[Any]:
    """Return values as an array.

    Args:
        name: of the data set, starts every message.
        key: of the array.
        values: what a file holds under that key.

    Raises:
        WrongData: they are text, objects or complex.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise WrongData(f"{name}: {key} holds {array.dtype}, not real numbers")
    return array


def flags(name: str, key: str, values: Any) -> NDArray[np.bool_]:
    """Return an array of 0 and 1 as booleans.

    Raises:
        WrongData: another value is among them; NaN would count as true.
    """
    array = numbers(name, key, values)
    if len(other := np.argwhere((array != 0) & (array != 1))):
        row = int(other[0, 0])
        raise WrongData(
            f"{name}: {key} holds {array[tuple(other[0])]} in row {row}; a flag is 0 or 1"
        )
    return array.astype(np.bool_)


def time_limit(environment: str) -> int:
    """Return the steps after which an environment ends an episode.

    Raises:
        UnknownEnvironment: there is none of this id, the id leaves the version open, or its
            episodes may never end.
    """
    made = make(environment)
    try:
        spec = made.spec
    finally:
        made.close()
    if spec.id != environment.rpartition(":")[2]:  # MODULE:ID imports the module first
        raise UnknownEnvironment(
            f"{environment!r} leaves the version open, and the newest changes with Gymnasium: "
            f"give it in full, like {spec.id}"
        )
    if spec.max_episode_steps is None:
        raise UnknownEnvironment(
            f"{environment} has no time limit, so its episodes may never end; "
            "register it with max_episode_steps"
        )
    return int(spec.max_episode_steps)


def spaces(name: str, environment: str) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return the sizes of an environment's observations and actions, and its range of actions.

    Raises:
        WrongData: no method here could act in it: all of them see vectors and return vectors in
            [-1, 1].
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
                f"{name}: {what} of {environment} are {space}; only vectors of real numbers "
                "can be learned from here"
            )
    low, high = float(action.low.min()), float(action.high.max())
    if (low, high) != (-1.0, 1.0):
        raise WrongData(
            f"{name}: {environment} takes actions from {low:g} to {high:g}, methods act in [-1, 1]: "
            "register it wrapped in gymnasium.wrappers.RescaleAction, and scale the actions"
        )
    return (observation.shape[0], action.shape[0]), (low, high)


def fit(
    name: str, domain: Domain, observations: NDArray[Any], actions: NDArray[Any]
) -> tuple[float, float]:
    """Check observations and actions against the environment's spaces; return its range of actions.

    Raises:
        WrongData: they do not fit, or `spaces` objects to the environment.
    """
    sizes, (low, high) = spaces(name, domain.environment)
    for what, array, size in zip(
        ("observations", "actions"), (observations, actions), sizes, strict=True
    ):
        if np.ndim(array) != 2 or np.shape(array)[1] != size:
            raise WrongData(
                f"{name}: {what} have shape {np.shape(array)}, but those of {domain.environment} "
                f"need (steps, {size})"
            )
    outside = np.flatnonzero((np.abs(np.asarray(actions, dtype=np.float64)) > 1 + ROUNDING).any(1))
    if len(outside):
        raise WrongData(
            f"{name}: actions leave the environment's range of -1 to 1 in {len(outside):,} rows, first in "
            f"row {outside[0]}: clip them as the environment did"
        )
    return low, high


def within_horizon(name: str, data: Trajectories, domain: Domain) -> None:
    """Refuse an episode longer than the environment lets one be.

    Raises:
        WrongData: there is one.
    """
    if (longest := int(data.lengths.max())) > domain.horizon:
        raise WrongData(
            f"{name}: episode {int(data.lengths.argmax())} has {longest:,} steps, more than the "
            f"{domain.horizon:,} of {domain.environment}: its end is not marked"
        )
