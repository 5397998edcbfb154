"""The checks of every reader: the arrays that are needed, real numbers, flags, memory, and the time limit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.machine import available_memory
from bench.core.printable import printable
from bench.datasets.npy import Header
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain

COPIES = 2  # an array and what it is converted to are in memory together


class WrongData(ValueError):
    """A file does not hold the expected data. The message names the difference, on one line."""

    def __init__(self, message: str) -> None:
        """Keep the message, which may hold names of the file, without control characters."""
        super().__init__(printable(message))


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


def refuse_too_large(name: str, arrays: Iterable[Header]) -> None:
    """Refuse arrays that do not fit into memory, before any is read.

    Raises:
        WrongData: they do not fit.
    """
    needed = COPIES * sum(array.bytes for array in arrays)
    if (there := available_memory()) is not None and needed > there:
        raise WrongData(
            f"{name}: its arrays need {needed:,} bytes of memory to be read, but {there:,} are available: "
            "free memory, use another machine, or write a part of the data"
        )


def within_horizon(name: str, data: Trajectories, domain: Domain, *, marked: bool = True) -> None:
    """Refuse data with an episode that is longer than the horizon of the domain.

    Args:
        name: the data, at the start of the message.
        data: the episodes.
        domain: gives the horizon.
        marked: whether the source marks time-outs, so that every end is known.

    Raises:
        WrongData: an episode is too long.
    """
    if (longest := int(data.lengths.max())) <= domain.horizon:
        return
    reason = (
        f"If its time limit is longer in these data, give it: --horizon {longest}. Otherwise the end of an episode is "
        "not marked"
        if marked
        else "A terminal or a time-out is missing in the data"
    )
    raise WrongData(
        f"{name}: episode {int(data.lengths.argmax())} has {longest:,} steps, but {domain.environment} has at most "
        f"{domain.horizon:,}. {reason}"
    )
