"""Read D4RL's MuJoCo files (Fu et al. 2020) in the layouts of -v0 and -v2.

Without `timeouts` (-v0) an episode ends at a terminal or after the horizon. The unfinished
trajectory at the end of a file is dropped, as the paper's own converter does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.trajectories import Trajectories, from_arrays
from bench.files import DamagedFile
from bench.tasks import Domain

NEEDED = ("observations", "actions", "rewards", "terminals")
ARRAYS = (*NEEDED, "timeouts", "next_observations")
SIGNATURE = b"\x89HDF\r\n\x1a\n"
ROUNDING = 1e-3  # by which an action may leave its range


class WrongData(ValueError):
    """A file is not the data set it is said to be. The message names what differs."""


def read(path: Path, domain: Domain) -> Trajectories:
    """Read an HDF5 file in D4RL's layout.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is truncated, or not HDF5 (a web page, say).
        WrongData: an array is missing or does not fit the others or the environment.
    """
    with open_file(path) as file:
        missing = [name for name in NEEDED if name not in file]
        if missing:
            raise WrongData(
                f"{path} has no {', '.join(missing)}; D4RL's layout needs {', '.join(NEEDED)}. "
                f"It has: {', '.join(file)}"
            )
        arrays = {name: file[name][()] for name in ARRAYS if name in file}
    return from_flat(arrays, domain, str(path))


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[Any]:
    """Yield an HDF5 file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is not HDF5, or truncated, which may show only while it is read.
    """
    import h5py

    refuse_other_files(path)
    try:
        with h5py.File(path, "r") as file:
            yield file
    except OSError as error:
        raise DamagedFile(f"{path} is damaged or truncated ({error}); fetch it again") from error


def from_flat(arrays: dict[str, NDArray[Any]], domain: Domain, name: str) -> Trajectories:
    """Cut flat arrays in D4RL's layout into the whole episodes of a domain's environment.

    Args:
        arrays: `observations` (N, obs), `actions` (N, act), `rewards`, `terminals` (N,) and, where
            there are any, `timeouts` (N,) and `next_observations` (N, obs).
        domain: gives the environment, whose spaces must fit, and the horizon.
        name: starts every message.

    Raises:
        WrongData: a shape, a value, or the bounds of the episodes are wrong.
    """
    for key, values in arrays.items():
        if np.asarray(values).dtype.kind not in "biuf":
            raise WrongData(f"{name}: {key} holds {np.asarray(values).dtype}, not real numbers")
    arrays = {
        key: values[:, 0]
        if key in ("rewards", "terminals", "timeouts")
        and np.ndim(values) == 2
        and values.shape[1] == 1
        else values
        for key, values in arrays.items()
    }
    low, high = fit(name, domain, arrays["observations"], arrays["actions"])
    terminals = np.asarray(arrays["terminals"]).astype(np.bool_)
    try:
        if "timeouts" in arrays:
            timeouts = np.asarray(arrays["timeouts"]).astype(np.bool_) & ~terminals
        else:
            timeouts = counted_timeouts(terminals, domain.horizon)
        data = from_arrays(
            arrays["observations"],
            arrays["actions"],
            arrays["rewards"],
            terminals,
            timeouts,
            action_range=(low, high),
            final_observations=_at_ends(arrays, terminals | timeouts),
        )
    except ValueError as error:
        raise WrongData(f"{name}: {error}") from error
    if (longest := int(data.lengths.max())) > domain.horizon:
        episode = int(data.lengths.argmax())
        raise WrongData(
            f"{name}: episode {episode} has {longest:,} steps, more than the {domain.horizon:,} of "
            f"{domain.environment}: its end is not marked"
        )
    return data


def counted_timeouts(terminals: NDArray[np.bool_], horizon: int) -> NDArray[np.bool_]:
    """Return the time-outs that data without them imply: every `horizon` steps after the last end."""
    timeouts = np.zeros_like(terminals)
    start = 0
    for end in [*np.flatnonzero(terminals).tolist(), len(terminals)]:
        timeouts[start + horizon - 1 : end : horizon] = True
        start = end + 1
    return timeouts


def fit(
    name: str, domain: Domain, observations: NDArray[Any], actions: NDArray[Any]
) -> tuple[float, float]:
    """Check observations and actions against the environment's spaces; return its range of actions.

    Raises:
        WrongData: they do not fit, or no method here could act in this environment: all of them
            return vectors in [-1, 1].
    """
    from gymnasium.spaces import Box

    from bench.environments import make

    environment = make(domain.environment)
    try:
        spaces = environment.observation_space, environment.action_space
    finally:
        environment.close()
    for what, array, space in zip(
        ("observations", "actions"), (observations, actions), spaces, strict=True
    ):
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise WrongData(
                f"{name}: {what} of {domain.environment} are {space}; only vectors of real numbers "
                "can be learned from here"
            )
        if np.ndim(array) != 2 or np.shape(array)[1:] != space.shape:
            raise WrongData(
                f"{name}: {what} have shape {np.shape(array)}, but those of {domain.environment} "
                f"need (steps, {space.shape[0]})"
            )
    low, high = float(spaces[1].low.min()), float(spaces[1].high.max())
    if (low, high) != (-1.0, 1.0):
        raise WrongData(
            f"{name}: {domain.environment} takes actions from {low:g} to {high:g}, methods act in [-1, 1]: "
            "register it wrapped in gymnasium.wrappers.RescaleAction, and scale the actions"
        )
    outside = np.flatnonzero((np.abs(np.asarray(actions, dtype=np.float64)) > 1 + ROUNDING).any(1))
    if len(outside):
        raise WrongData(
            f"{name}: actions leave the environment's range of -1 to 1 in {len(outside):,} rows, first in "
            f"row {outside[0]}: clip them as the environment did"
        )
    return low, high


def _at_ends(arrays: dict[str, NDArray[Any]], ends: NDArray[np.bool_]) -> NDArray[Any] | None:
    if "next_observations" not in arrays:
        return None
    following, observations = arrays["next_observations"], arrays["observations"]
    if following.shape != observations.shape:
        raise ValueError(
            f"next_observations has shape {following.shape}, observations {observations.shape}"
        )
    rows: NDArray[Any] = following[: len(ends)][ends]
    return rows


def refuse_other_files(path: Path) -> None:
    """Refuse what is missing or does not begin as HDF5 does.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is a web page or something else.
    """
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(SIGNATURE):
        return
    page = start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))
    what = "a web page, as servers send in place of a file" if page else "not an HDF5 file"
    raise DamagedFile(f"{path} is {what}; delete it and fetch it again")
