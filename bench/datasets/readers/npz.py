"""Read arrays from an untrusted .npz file, without pickle."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, is_web_page
from bench.datasets.readers.checks import WrongData, complete

ZIP = b"PK"
NPY = b"\x93NUMPY"


def read(path: Path, names: Sequence[str], needed: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return name -> array, for the requested arrays that the file has.

    Args:
        path: the file.
        names: the requested arrays.
        needed: arrays that the file must have.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated or has another format.
        WrongData: a needed array is missing, or an array holds Python objects.
    """
    _refuse_other_files(path)
    arrays = {}
    key = "its list of arrays"
    try:
        with np.load(path, allow_pickle=False) as file:
            complete(path, needed, list(file))
            for key in names:
                if key in file:
                    arrays[key] = file[key]
    except WrongData:
        raise
    except (
        Exception
    ) as error:  # zipfile, zlib and NumPy raise errors of many types for damaged bytes
        if "Object arrays" in str(error):
            raise WrongData(f"{path}: {key} holds Python objects; save plain numbers") from error
        raise DamagedFile(
            f"{path} is damaged: {key} cannot be read ({type(error).__name__}: {error}); write it again"
        ) from error
    return arrays


def _refuse_other_files(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check the path")
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(ZIP):
        return
    what = "something else"
    if not start:
        what = "empty"
    elif is_web_page(start):
        what = "a web page that a server sent instead of the file"
    elif start.startswith(NPY):
        what = "a single array that numpy.save wrote"
    raise DamagedFile(
        f"{path} is damaged or not an .npz file: it is {what}; write the arrays with numpy.savez"
    )
