"""What an environment shows and takes, and whether data fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.npy import Header
from bench.datasets.readers.checks import WrongData, numbers
from bench.datasets.trajectories import F64, Array
from bench.environments.vector import UnknownEnvironment, make
from bench.tasks.environment_id import gymnasium_id, settings_of, spell

ROUNDING = 1e-3  # an action may leave its range by this share of half the range
FRAME = 16  # the smallest height and width, in pixels, of a frame in a stack of frames
DEPTH = 16  # the largest number of frames in a stack


@dataclass(frozen=True, eq=False)
class Spaces:
    """The observations and actions of an environment.

    Attributes:
        environment: the id, with its settings.
        observation: the shape of an observation.
        pixels: whether observations are uint8.
        n_actions: number of discrete actions; None: actions are vectors.
        low: (act,) the smallest action of the environment itself; empty for discrete actions.
        high: (act,) the largest.
    """

    environment: str
    observation: tuple[int, ...]
    pixels: bool
    n_actions: int | None
    low: F64
    high: F64

    @property
    def discrete(self) -> bool:
        """Return whether actions are discrete."""
        return self.n_actions is not None

    @property
    def unit(self) -> bool:
        """Return whether the environment itself takes actions in [-1, 1], or discrete ones."""
        return bool((self.low == -1).all() and (self.high == 1).all())

    @property
    def stack(self) -> int:
        """Return the number of frames in an observation: 1 if it is not a stack of frames."""
        shape = self.observation
        frames = (
            self.pixels and len(shape) == 3 and 1 < shape[0] <= DEPTH and min(shape[1:]) >= FRAME
        )
        return shape[0] if frames and self.discrete else 1

    @property
    def action_range(self) -> tuple[float, float]:
        """Return the smallest and the largest action of a policy."""
        return (0.0, float(self.n_actions - 1)) if self.n_actions is not None else (-1.0, 1.0)


def time_limit(environment: str) -> int | None:
    """Return the time limit of an environment, in steps; None if it has none.

    Raises:
        UnknownEnvironment: the id is unknown, or it has no version.
    """
    made = make(environment)
    try:
        spec = made.spec
    finally:
        made.close()
    own = gymnasium_id(environment)
    if spec.id != own.rpartition(":")[2]:  # MODULE:ID imports the module first
        raise UnknownEnvironment(
            f"{own!r} has no version, and the newest version depends on Gymnasium: "
            f"give the full id, like {spec.id}"
        )
    return None if spec.max_episode_steps is None else int(spec.max_episode_steps)


def spaces(name: str, environment: str) -> Spaces:
    """Return what an environment shows and takes.

    Raises:
        WrongData: no method can act in the environment. Actions must be discrete numbers from 0, or vectors within
            finite bounds; observations must be vectors, or bytes if actions are discrete.
    """
    from gymnasium.spaces import Box, Discrete

    own = replace(settings_of(environment), rescale_actions=False)
    made = make(spell(gymnasium_id(environment), own))
    try:
        observation, action = made.observation_space, made.action_space
    finally:
        made.close()
    where = f"of {gymnasium_id(environment)} are"
    if isinstance(action, Discrete):
        if action.start != 0:
            raise WrongData(f"{name}: actions {where} {action}; discrete actions must start at 0")
        n_actions, low, high = int(action.n), np.empty(0), np.empty(0)
    elif isinstance(action, Box) and len(action.shape) == 1 and action.dtype.kind == "f":
        n_actions = None
        low, high = action.low.astype(np.float64), action.high.astype(np.float64)
        if not (np.isfinite(low).all() and np.isfinite(high).all() and (low < high).all()):
            raise WrongData(
                f"{name}: actions {where} {action}, without finite bounds, so they cannot be brought to -1 to 1: "
                "register the environment with bounds"
            )
    else:
        raise WrongData(
            f"{name}: actions {where} {action}; only discrete actions and vectors of real numbers are supported"
        )
    vector = isinstance(observation, Box) and len(observation.shape) == 1
    pixels = isinstance(observation, Box) and observation.dtype == np.uint8
    if not (vector or (pixels and n_actions is not None)):
        raise WrongData(
            f"{name}: observations {where} {observation}; only vectors of real numbers are supported, and bytes if "
            "actions are discrete"
        )
    shape = tuple(int(side) for side in observation.shape)
    return Spaces(environment, shape, bool(pixels and n_actions is not None), n_actions, low, high)


def fit_shapes(name: str, own: Spaces, observations: Header, actions: Header) -> None:
    """Check the shapes and types of observations and actions, which may not be in memory yet.

    Raises:
        WrongData: they do not fit the environment.
    """
    expected: dict[str, tuple[Header, list[Sequence[int]]]] = {
        "observations": (observations, [own.observation]),
        "actions": (actions, [()] if own.discrete else [own.low.shape]),
    }
    if own.stack > 1:  # single frames are stacked when they are read
        expected["observations"][1].append(own.observation[1:])
    for what, (header, rows) in expected.items():
        if header.dtype.kind not in "biuf":
            raise WrongData(f"{name}: {what} holds {header.dtype}, not real numbers")
        if not header.shape or list(header.shape[1:]) not in [list(row) for row in rows]:
            needed = " or ".join(f"({', '.join(['steps', *map(str, row)])})" for row in rows)
            raise WrongData(
                f"{name}: {what} have shape {header.shape}, but {own.environment} needs {needed}"
            )


def fitted_observations(name: str, own: Spaces, observations: Any) -> Array:
    """Return observations (N, *obs) as their environment shows them: bytes as uint8.

    Raises:
        WrongData: the observations of the environment are bytes, and a value is not.
    """
    array = numbers(name, "observations", observations)
    if not own.pixels or array.dtype == np.uint8:
        return array
    whole = array.astype(np.uint8)
    if len(other := np.argwhere(whole != array)):
        raise WrongData(
            f"{name}: observations hold {array[tuple(other[0])]} in row {other[0, 0]}, but {own.environment} shows "
            "whole numbers from 0 to 255"
        )
    return whole


def fitted_actions(name: str, own: Spaces, actions: Any) -> Array:
    """Return actions as a policy takes them: discrete ones as they are, vectors (N, act) brought to [-1, 1].

    Raises:
        WrongData: an action leaves the bounds of the environment.
    """
    array = numbers(name, "actions", actions)
    if own.discrete:
        if len(outside := np.flatnonzero((array < 0) | (array >= own.n_actions))):
            raise WrongData(
                f"{name}: actions hold {array[outside[0]]} in row {outside[0]}, but {own.environment} takes 0 to "
                f"{own.action_range[1]:g}"
            )
        return array
    exact = array.astype(np.float64)
    slack = ROUNDING * (own.high - own.low) / 2
    outside = np.flatnonzero(((exact < own.low - slack) | (exact > own.high + slack)).any(axis=1))
    if len(outside):
        ends = [" ".join(f"{x:g}" for x in np.unique(ends)) for ends in (own.low, own.high)]
        raise WrongData(
            f"{name}: actions leave the environment's range of {' to '.join(ends)} in {len(outside):,} rows, first in "
            f"row {outside[0]}: clip them as the environment did"
        )
    return array if own.unit else to_unit(exact, own.low, own.high)


def to_unit(actions: F64, low: F64, high: F64) -> F64:
    """Map actions (N, act) from the bounds of an environment to [-1, 1]."""
    mapped: F64 = 2 * (actions - low) / (high - low) - 1
    return mapped


def from_unit(actions: NDArray[Any], low: F64, high: F64) -> F64:
    """Map actions (N, act) from [-1, 1] to the bounds of an environment."""
    mapped: F64 = low + (actions.astype(np.float64) + 1) / 2 * (high - low)
    return mapped
