"""Policies on disk: one safetensors file of NumPy arrays. Its header names the method that wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from bench.core.files import DamagedFile, replacing


class Arrays(dict[str, NDArray[Any]]):
    """The arrays of a policy file, by name.

    Attributes:
        path: the file.

    Raises:
        DamagedFile: on access to a name that the file lacks.
    """

    def __init__(self, path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(arrays)
        self.path = path

    def __missing__(self, name: str) -> NDArray[Any]:
        raise DamagedFile(
            f"policy {self.path} does not fit the network: it lacks {name!r}. Another version of the method wrote it; "
            "train the run again"
        )


def write_tensors(
    path: Path, tensors: Mapping[str, NDArray[Any]], *, method: str, **about: Any
) -> None:
    """Write arrays and values about them to a file, atomically.

    Args:
        path: the file.
        tensors: name -> array.
        method: the method that writes the file.
        about: values of JSON types, such as the method's config.

    Raises:
        DiskFull: the file system has no space left.
    """
    # one entry only: safetensors writes several entries in a random order
    header = {"about": json.dumps({"method": method, **about}, sort_keys=True)}
    with replacing(path) as temporary:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in tensors.items()},
            temporary,
            metadata=header,
        )


def read_tensors(path: Path, *, method: str) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the values that `write_tensors` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is damaged, or another method wrote it.
    """
    if not path.exists():
        raise FileNotFoundError(f"no policy at {path}: train the run first")
    try:
        with safe_open(path, framework="np") as file:
            about: dict[str, Any] = json.loads((file.metadata() or {})["about"])
            tensors = Arrays(path, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise DamagedFile(f"policy {path} is damaged ({error}); delete it and run again") from error
    if about.get("method") != method:
        raise DamagedFile(
            f"policy {path} was written by method {about.get('method')!r}, not {method!r}"
        )
    return tensors, about


def below(prefix: str, tensors: Arrays) -> Arrays:
    """Return the arrays whose names start with `prefix`, under their names without it. They are in
    the order of the layers: layer 10 comes after layer 9.
    """

    def layers(name: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]

    names = [name for name in sorted(tensors, key=layers) if name.startswith(prefix)]
    return Arrays(tensors.path, {name.removeprefix(prefix): tensors[name] for name in names})
