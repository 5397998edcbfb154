"""Read arrays from an untrusted .npz file, without pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, is_web_page, refuse_special
from bench.datasets.npy import BadHeader, Header, read_header
from bench.datasets.readers.checks import WrongData, complete, refuse_too_large

ZIP = b"PK"
NPY = b"\x93NUMPY"
SUFFIX = ".npy"


def headers(path: Path) -> dict[str, Header]:
    """Return name -> shape and type, for every array of the file. No array is read.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated or has another format.
        WrongData: the file holds something else than arrays of plain values, or two arrays of one name.
    """
    with _opened(path) as archive:
        members = [member.filename for member in archive.infolist()]
        if twice := [name for name in dict.fromkeys(members) if members.count(name) > 1]:
            raise WrongData(f"{path} holds {twice[0]!r} twice; write the file again")
        if others := [name for name in members if not name.endswith(SUFFIX)]:
            raise WrongData(f"{path} holds {others[0]!r}, which is not an array of numpy.savez")
        found = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(SUFFIX)
            with _named(path, name), archive.open(member) as file:
                header = read_header(file)
                if file.tell() + header.bytes != member.file_size:
                    raise BadHeader(
                        f"its shape {header.shape} {header.dtype} needs {header.bytes:,} bytes, but there are "
                        f"{member.file_size - file.tell():,}"
                    )
            found[name] = header
    return found


def read(path: Path, names: Sequence[str], needed: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Return name -> array, for the requested arrays that the file has.

    Args:
        path: the file.
        names: the requested arrays.
        needed: arrays that the file must have.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated or has another format, or an array is not the one that was written.
        WrongData: a needed array is missing, an array holds Python objects, or the arrays do not fit into memory.
    """
    there = headers(path)
    complete(path, needed, there)
    chosen = {name: there[name] for name in names if name in there}
    refuse_too_large(str(path), chosen.values())
    with _opened(path) as archive:
        return {name: _array(archive, path, name) for name in chosen}


def _array(archive: zipfile.ZipFile, path: Path, name: str) -> NDArray[Any]:
    with _named(path, name), archive.open(f"{name}{SUFFIX}") as member:
        file: Any = member
        header = read_header(file)
        array = np.empty(header.bytes, dtype=np.uint8)
        rest = array.data
        while len(rest):
            if not (count := file.readinto(rest)):
                raise EOFError("it ends early")
            rest = rest[count:]
        if file.read(1):  # at the end of the member, zipfile compares the checksum
            raise BadHeader("there are bytes after its end")
    order: Any = "F" if header.columns_first else "C"
    return array.view(header.dtype).reshape(header.shape, order=order)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    _refuse_other_files(path)
    with _named(path, "its list of arrays"), zipfile.ZipFile(path) as archive:
        yield archive


@contextmanager
def _named(path: Path, key: str) -> Iterator[None]:
    """Name the file and the array in the errors of this context."""
    try:
        yield
    except (WrongData, DamagedFile, MemoryError):
        raise
    except BadHeader as error:
        if "Python objects" in str(error):
            raise WrongData(f"{path}: {key} holds Python objects; save plain numbers") from error
        raise DamagedFile(
            f"{path} is damaged: {key} cannot be read ({error}); write it again"
        ) from error
    except Exception as error:  # zipfile and zlib raise errors of many types for damaged bytes
        raise DamagedFile(
            f"{path} is damaged: {key} cannot be read ({type(error).__name__}: {error}); write it again"
        ) from error


def _refuse_other_files(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; check the path")
    refuse_special(path)
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
