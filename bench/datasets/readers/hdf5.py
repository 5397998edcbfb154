"""Read arrays from an untrusted HDF5 file.

An array counts only if all of its values stand in this file. HDF5 can also read them from other files (external
links, virtual data sets, external storage), and it returns a fill value for a part that was never written. Both give
numbers that nobody recorded, so they are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, is_web_page, refuse_special
from bench.datasets.npy import Header
from bench.datasets.readers.checks import WrongData, complete, refuse_too_large
from bench.datasets.readers.chunks import refuse_bombs

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST = 1_000_000  # arrays and groups of a file
DEPTH = 50  # of groups within each other


def headers(path: Path) -> dict[str, Header]:
    """Return name -> shape and type, for every array of the file; an array in a group is `group/name`. No array is
    read.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is not HDF5, or is truncated.
        WrongData: the file has a link, or too many arrays.
        BlockingIOError: another program is writing the file.
    """
    with _opened(path, "its list of arrays") as (file, _):
        return {name: _header(item) for name, item in _arrays(file, path)}


def read(path: Path, names: Sequence[str], needed: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return name -> array, for the requested arrays that the file has.

    Args:
        path: the file.
        names: the requested arrays.
        needed: arrays that the file must have.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is not HDF5, or is truncated.
        WrongData: a needed array is missing, a requested name is a group or a link, a part of an array was never
            written or is in another file, a chunk is larger than it says, or the arrays do not fit into memory.
        BlockingIOError: another program is writing the file.
    """
    arrays = {}
    with _opened(path, "its list of arrays") as (file, reading):
        complete(path, needed, list(file))
        items = {}
        for key in names:
            reading[0] = key
            if (item := _item(file, path, key)) is not None:
                items[key] = item
        refuse_too_large(str(path), (_header(item) for item in items.values()))
        for key, item in items.items():
            reading[0] = key
            refuse_elsewhere(path, key, item)
            refuse_bombs(path, key, item)
            arrays[key] = np.asarray(item[()])
    return arrays


def check_storage(path: Path) -> dict[str, Header]:
    """Return `headers`, after a check that every value of every array stands in the file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is not HDF5, or is truncated.
        WrongData: the file has a link, or an array whose values are elsewhere, were never written, or are more than
            its shape says.
        BlockingIOError: another program is writing the file.
    """
    found = {}
    with _opened(path, "its list of arrays") as (file, reading):
        for name, item in _arrays(file, path):
            reading[0] = name
            refuse_elsewhere(path, name, item)
            refuse_bombs(path, name, item)
            found[name] = _header(item)
    return found


def refuse_elsewhere(path: Path, key: str, item: Any) -> None:
    """Refuse an array whose values do not all stand in this file.

    Raises:
        WrongData: they stand in another file, or a part was never written.
    """
    way_out = "write all of the array into this file"
    if item.is_virtual:
        raise WrongData(
            f"{path}: {key} is a virtual array, whose values are in other files; {way_out}"
        )
    if item.external:
        raise WrongData(f"{path}: {key} has its values in another file; {way_out}")
    if item.shape is None or not item.size:
        return
    if item.chunks is not None:
        needed = math.prod(
            -(-length // chunk) for length, chunk in zip(item.shape, item.chunks, strict=True)
        )
        if (written := item.id.get_num_chunks()) < needed:
            raise WrongData(
                f"{path}: {key} has {written:,} of {needed:,} chunks; the others were never written and would read as "
                f"{item.fillvalue}; {way_out}"
            )
    elif not item.id.get_storage_size():
        raise WrongData(
            f"{path}: {key} was never written and would read as {item.fillvalue}; {way_out}"
        )


def _header(item: Any) -> Header:
    return Header(tuple(item.shape or ()), item.dtype)


def _item(file: Any, path: Path, key: str) -> Any:
    """Return an array by its name, or None if there is none. No link is followed.

    Raises:
        WrongData: the name is a group or a link.
    """
    place = file
    for index, part in enumerate(parts := key.split("/")):
        if not hasattr(place, "keys") or part not in list(place):
            return None
        _refuse_link(path, "/".join(parts[: index + 1]), place, part)
        place = place[part]
    if hasattr(place, "keys"):
        raise WrongData(f"{path}: {key} is a group, expected an array")
    return place


def _arrays(file: Any, path: Path) -> Iterator[tuple[str, Any]]:
    """Yield the name and the array of every array in a file."""
    waiting, seen = [("", file, 0)], 0
    while waiting:
        prefix, group, depth = waiting.pop()
        for name in list(group):
            seen += 1
            if seen > MOST or depth > DEPTH:
                raise WrongData(
                    f"{path} has more than {MOST:,} arrays, or groups more than {DEPTH} deep"
                )
            _refuse_link(path, prefix + name, group, name)
            item = group[name]
            if hasattr(item, "keys"):
                waiting.append((f"{prefix}{name}/", item, depth + 1))
            elif hasattr(item, "shape"):
                yield prefix + name, item


def _refuse_link(path: Path, key: str, group: Any, name: str) -> None:
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise WrongData(
            f"{path}: {key} is a link to another place or file; write the array itself into this file"
        )


@contextmanager
def _opened(path: Path, key: str) -> Iterator[tuple[Any, list[str]]]:
    """Open a file. The errors of this context name the file, and the array whose name stands in the yielded list."""
    import h5py

    refuse_other_files(path)
    reading = [key]
    try:
        with h5py.File(path, "r") as file:
            yield file, reading
    except (WrongData, MemoryError):
        raise
    except BlockingIOError as error:
        raise BlockingIOError(
            f"{path} is open for writing in another program; close it there and start again"
        ) from error
    except Exception as error:  # h5py raises errors of many types for damaged bytes
        reason = " ".join(str(error).split())
        raise DamagedFile(
            f"{path} is damaged or truncated: {reading[0]} cannot be read ({reason}); fetch it again"
        ) from error


def refuse_other_files(path: Path) -> None:
    """Refuse a file that is missing or does not begin with the signature of HDF5.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is a web page or has another format.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check the path")
    refuse_special(path)
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(SIGNATURE):
        return
    what = (
        "a web page that a server sent instead of the file"
        if is_web_page(start)
        else "not an HDF5 file"
    )
    raise DamagedFile(f"{path} is {what}; delete it and fetch it again")
