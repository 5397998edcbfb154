"""Read arrays from an untrusted HDF5 file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, is_web_page
from bench.datasets.readers.checks import WrongData, complete

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def read(path: Path, names: Sequence[str], needed: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return name -> array, for the requested arrays that the file has.

    Args:
        path: the file.
        names: the requested arrays.
        needed: arrays that the file must have.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is not HDF5, or is truncated.
        WrongData: a needed array is missing, or a requested name is a group.
        BlockingIOError: another program is writing the file.
    """
    import h5py

    refuse_other_files(path)
    arrays = {}
    key = "its list of arrays"
    try:
        with h5py.File(path, "r") as file:
            there = list(file)
            complete(path, needed, there)
            for key in names:
                if key not in there and key not in file:  # `in file` is false for a broken link
                    continue
                if not isinstance(item := file[key], h5py.Dataset):
                    raise WrongData(f"{path}: {key} is a group, expected an array")
                arrays[key] = np.asarray(item[()])
    except WrongData:
        raise
    except BlockingIOError as error:
        raise BlockingIOError(
            f"{path} is open for writing in another program; close it there and start again"
        ) from error
    except Exception as error:  # h5py raises errors of many types for damaged bytes
        reason = " ".join(str(error).split())
        raise DamagedFile(
            f"{path} is damaged or truncated: {key} cannot be read ({reason}); fetch it again"
        ) from error
    return arrays


def refuse_other_files(path: Path) -> None:
    """Refuse a file that is missing or does not begin with the signature of HDF5.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is a web page or has another format.
    """
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check the path")
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
