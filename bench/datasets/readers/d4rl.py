"""Read D4RL's MuJoCo files (Fu et al. 2020) in the layouts of -v0 and -v2, and other files of flat arrays.

Files without time-outs (-v0) do not mark them. An episode then ends at a terminal or after the horizon.
The unfinished trajectory at the end of a file is left out, as in the paper's converter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.build import from_arrays
from bench.datasets.npy import Header
from bench.datasets.readers import hdf5, npz
from bench.datasets.readers.agreement import check_next, check_timeouts, note_types
from bench.datasets.readers.checks import WrongData, numbers, within_horizon
from bench.datasets.readers.layout import VECTORS, check_shapes, ends_of, layout_of
from bench.datasets.readers.remarks import Remarks
from bench.datasets.readers.spaces import Spaces, fitted_actions, fitted_observations, spaces
from bench.datasets.readers.stacks import single_frames
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain

Bools = NDArray[np.bool_]


def read(
    path: Path,
    domain: Domain,
    *,
    ignore: Sequence[str] = (),
    remarks: Remarks | None = None,
) -> Trajectories:
    """Read an .npz file, or an HDF5 file in D4RL's layout. Shapes are checked before an array is read.

    Args:
        path: the file.
        domain: gives the environment, whose spaces must fit, and the horizon.
        ignore: names of arrays to leave out.
        remarks: gets what was left out, counted or changed.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated, or has another format (for example a web page).
        WrongData: an array is missing or unknown, or does not fit the other arrays or the environment.
        BlockingIOError: another program is writing the file.
    """
    remarks = Remarks() if remarks is None else remarks
    source: Any = npz if path.suffix == ".npz" else hdf5
    there, own = source.headers(path), spaces(str(path), domain.environment)
    layout = layout_of(str(path), there, ignore, remarks)
    check_shapes(str(path), layout, there, own)
    arrays = layout.renamed(source.read(path, list(layout.names.values())))
    return _whole_episodes(arrays, domain, str(path), own, remarks)


def from_flat(
    arrays: Mapping[str, Any], domain: Domain, name: str, remarks: Remarks | None = None
) -> Trajectories:
    """Return the whole episodes in flat arrays in D4RL's layout.

    Args:
        arrays: `observations` (N, obs), `actions` (N, act), `rewards` (N,), `terminals` (N,), and optionally
            `timeouts` (N,) and `next_observations` (N, obs); `bench.datasets.readers.layout` has other names.
        domain: gives the environment, whose spaces must fit, and the horizon.
        name: the data set, at the start of every message.
        remarks: gets what was left out, counted or changed.

    Raises:
        WrongData: a shape, a value, or the end of an episode is wrong.
    """
    remarks = Remarks() if remarks is None else remarks
    given = {key: np.asarray(values) for key, values in arrays.items()}
    there = {key: Header(array.shape, array.dtype) for key, array in given.items()}
    own, layout = spaces(name, domain.environment), layout_of(name, there, (), remarks)
    check_shapes(name, layout, there, own)
    return _whole_episodes(layout.renamed(given), domain, name, own, remarks)


def _whole_episodes(
    arrays: dict[str, NDArray[Any]], domain: Domain, name: str, own: Spaces, remarks: Remarks
) -> Trajectories:
    arrays = {key: _shaped(key, numbers(name, key, array), own) for key, array in arrays.items()}
    terminals, marked = ends_of(name, arrays)
    timeouts = counted_timeouts(terminals, domain.horizon) if marked is None else marked
    ends = {"terminals": terminals, "timeouts": timeouts}
    check_next(name, arrays, ends, marked=marked is not None, remarks=remarks)
    note_types({key: arrays[key] for key in ("observations", "actions", "rewards")}, remarks)
    if marked is None:
        remarks.timeouts_counted = int((timeouts & ~terminals).sum())
    _count_left_out(name, terminals | timeouts, domain, remarks)
    actions = fitted_actions(name, own, arrays["actions"])
    observations = fitted_observations(name, own, arrays["observations"])
    if not own.unit:
        remarks.action_bounds = (own.low.tolist(), own.high.tolist())
    final = None
    if not remarks.no_final_observations:
        final = _at_ends(name, arrays, own, terminals | timeouts)
    if own.stack > 1:
        observations, final = single_frames(name, own, observations, final, terminals | timeouts)
    try:
        data = from_arrays(
            observations,
            actions,
            arrays["rewards"],
            terminals,
            timeouts,
            action_range=own.action_range,
            final_observations=final,
            discrete=own.discrete,
            stack=own.stack,
        )
    except ValueError as error:
        raise WrongData(f"{name}: {str(error).removeprefix('these arrays: ')}") from error
    within_horizon(name, data, domain, marked=marked is not None)
    if marked is not None:
        check_timeouts(data, domain, remarks)
    return data


def counted_timeouts(terminals: Bools, horizon: int) -> Bools:
    """Return the time-outs of data that do not mark them: every `horizon` steps after the end of an episode."""
    timeouts = np.zeros_like(terminals)
    start = 0
    for end in [*np.flatnonzero(terminals).tolist(), len(terminals)]:
        timeouts[start + horizon - 1 : end : horizon] = True
        start = end + 1
    return timeouts


def _count_left_out(name: str, ends: Bools, domain: Domain, remarks: Remarks) -> None:
    """Count the steps after the last end.

    Raises:
        WrongData: they are most of the steps, or more than an episode can have.
    """
    last = np.flatnonzero(ends)
    if not len(last):
        return  # `from_arrays` refuses data in which no episode ends
    rest = len(ends) - 1 - int(last[-1])
    remarks.leave_out(name, rest, len(ends), int(rest > 0), len(last) + int(rest > 0))
    if rest > domain.horizon:
        raise WrongData(
            f"{name}: {rest:,} steps follow the last end of an episode, but {domain.environment} has at most "
            f"{domain.horizon:,}. The ends of these episodes are not marked"
        )


def _shaped(key: str, values: NDArray[Any], own: Spaces) -> NDArray[Any]:
    """Return a column (N, 1) of numbers as a vector (N,)."""
    scalar = key in VECTORS or (key == "actions" and own.discrete)
    column = scalar and values.ndim == 2 and values.shape[1] == 1
    return values[:, 0] if column else values


def _at_ends(
    name: str, arrays: dict[str, NDArray[Any]], own: Spaces, ends: Bools
) -> NDArray[Any] | None:
    if "next_observations" not in arrays:
        return None
    return fitted_observations(name, own, arrays["next_observations"][ends])
