"""Policies on disk: one safetensors file of NumPy arrays, with who wrote it in the header."""

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

Arrays = dict[str, NDArray[Any]]


def write_tensors(
    path: Path, tensors: Mapping[str, NDArray[Any]], *, method: str, **about: Any
) -> None:
    """Write arrays and a few words about them, atomically.

    Raises:
        DiskFull: no space is left.
    """
    # one entry only: safetensors writes several in an order of its own, another one each time
    header = {"about": json.dumps({"method": method, **about}, sort_keys=True)}
    with replacing(path) as temporary:
        save_file(
            {name: np.ascontiguousarray(array) for name, array in tensors.items()},
            temporary,
            metadata=header,
        )


def read_tensors(path: Path, *, method: str) -> tuple[Arrays, dict[str, Any]]:
    """Return the arrays and the words `write_tensors` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is damaged, or was written by another method.
    """
    if not path.exists():
        raise FileNotFoundError(f"no policy at {path}: train the run first")
    try:
        with safe_open(path, framework="np") as file:
            about: dict[str, Any] = json.loads((file.metadata() or {})["about"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise DamagedFile(f"policy {path} is damaged ({error}); delete it and run again") from error
    if about.get("method") != method:
        raise DamagedFile(
            f"policy {path} was written by method {about.get('method')!r}, not {method!r}"
        )
    return tensors, about


def below(prefix: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries whose names start with `prefix`, without it, layer 10 after layer 9."""

    def layers(name: str) -> list[tuple[int, str]]:
        return [(int(part), "") if part.isdigit() else (-1, part) for part in name.split(".")]

    tensors = {name: tensors[name] for name in sorted(tensors, key=layers)}
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
