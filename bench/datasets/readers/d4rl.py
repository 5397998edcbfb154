"""Read D4RL's MuJoCo files (Fu et al. 2020) in the layouts of -v0 and -v2.

Files without `timeouts` (-v0) do not mark time-outs. An episode then ends at a terminal or after the horizon.
The unfinished trajectory at the end of a file is dropped, as in the paper's converter.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.build import from_arrays
from bench.datasets.readers import hdf5
from bench.datasets.readers.checks import WrongData, fit, flags, numbers, within_horizon
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain

NEEDED = ("observations", "actions", "rewards", "terminals")
ARRAYS = (*NEEDED, "timeouts", "next_observations")
VECTORS = (
    "rewards",
    "terminals",
    "timeouts",
)  # one number for each step; the other arrays have a row


def read(path: Path, domain: Domain) -> Trajectories:
    """Read an HDF5 file in D4RL's layout.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated, or is not HDF5 (for example a web page).
        WrongData: an array is missing, or does not fit the other arrays or the environment.
        BlockingIOError: another program is writing the file.
    """
    return from_flat(hdf5.read(path, ARRAYS, NEEDED), domain, str(path))


def from_flat(arrays: dict[str, NDArray[Any]], domain: Domain, name: str) -> Trajectories:
    """Return the whole episodes in flat arrays in D4RL's layout.

    Args:
        arrays: `observations` (N, obs), `actions` (N, act), `rewards` (N,), `terminals` (N,), and optionally
            `timeouts` (N,) and `next_observations` (N, obs).
        domain: gives the environment, whose spaces must fit, and the horizon.
        name: the data set, at the start of every message.

    Raises:
        WrongData: a shape, a value, or the end of an episode is wrong.
    """
    arrays = {key: _shaped(key, numbers(name, key, values)) for key, values in arrays.items()}
    _same_rows(arrays, name)
    low, high = fit(name, domain, arrays["observations"], arrays["actions"])
    terminals = flags(name, "terminals", arrays["terminals"])
    if "timeouts" in arrays:
        timeouts = flags(name, "timeouts", arrays["timeouts"]) & ~terminals
    else:
        timeouts = counted_timeouts(terminals, domain.horizon)
    try:
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
    within_horizon(name, data, domain)
    return data


def counted_timeouts(terminals: NDArray[np.bool_], horizon: int) -> NDArray[np.bool_]:
    """Return the time-outs of data that do not mark them: every `horizon` steps after the end of an episode."""
    timeouts = np.zeros_like(terminals)
    start = 0
    for end in [*np.flatnonzero(terminals).tolist(), len(terminals)]:
        timeouts[start + horizon - 1 : end : horizon] = True
        start = end + 1
    return timeouts


def _shaped(key: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return a column (N, 1) of numbers as a vector (N,)."""
    column = key in VECTORS and values.ndim == 2 and values.shape[1] == 1
    return values[:, 0] if column else values


def _same_rows(arrays: dict[str, NDArray[Any]], name: str) -> None:
    """Refuse arrays with different numbers of rows. NumPy would otherwise broadcast them."""
    steps = arrays["rewards"].shape
    if len(steps) != 1:
        raise WrongData(f"{name}: rewards has shape {steps}, expected a number for each step")
    for key, values in arrays.items():
        if (values.shape if key in VECTORS else values.shape[:1]) != steps:
            raise WrongData(
                f"{name}: {key} has shape {values.shape}, but there are {steps[0]:,} rewards; "
                f"expected {'a number' if key in VECTORS else 'a row'} for each"
            )


def _at_ends(arrays: dict[str, NDArray[Any]], ends: NDArray[np.bool_]) -> NDArray[Any] | None:
    if "next_observations" not in arrays:
        return None
    following, observations = arrays["next_observations"], arrays["observations"]
    if following.shape != observations.shape:
        raise ValueError(
            f"next_observations has shape {following.shape}, observations {observations.shape}"
        )
    rows: NDArray[Any] = following[ends]
    return rows
