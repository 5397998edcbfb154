"""Read arrays of an HDF5 file whose bytes nobody vouches for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, is_web_page
from bench.datasets.readers.checks import WrongData, complete

SIGNATURE = b"\x89HDF\r\n\x1a\n"


def read(path: Path, wanted: Sequence[str], needed: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return those of the wanted arrays that there are; the needed ones must be.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is not HDF5, or truncated, which may show only while it is read.
        WrongData: a needed array is missing, or a group stands where an array is wanted.
        BlockingIOError: another program is writing it.
    """
    import h5py

    refuse_other_files(path)
    arrays = {}
    key = "its list of arrays"
    try:
        with h5py.File(path, "r") as file:
            names = list(file)
            complete(path, needed, names)
            for key in wanted:
                if key not in names and key not in file:  # the latter misses a link to nowhere
                    continue
                if not isinstance(item := file[key], h5py.Dataset):
                    raise WrongData(f"{path}: {key} is a group; an array is expected there")
                arrays[key] = np.asarray(item[()])
    except WrongData:
        raise
    except BlockingIOError as error:
        raise BlockingIOError(
            f"{path} is open for writing in another program; close it there and start again"
        ) from error
    except Exception as error:  # damaged bytes make h5py raise almost anything
        reason = " ".join(str(error).split())
        raise DamagedFile(
            f"{path} is damaged or truncated: {key} cannot be read ({reason}); fetch it again"
        ) from error
    return arrays


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
    what = (
        "a web page, as servers send in place of a file"
        if is_web_page(start)
        else "not an HDF5 file"
    )
    raise DamagedFile(f"{path} is {what}; delete it and fetch it again")
