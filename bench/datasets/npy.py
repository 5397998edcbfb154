"""Read the header of an untrusted .npy array, before memory is taken for the array."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy


class BadHeader(ValueError):
    """The bytes are not the header of a .npy array of plain values. The message has the reason only."""


@dataclass(frozen=True)
class Header:
    """The shape and the type of an array.

    Attributes:
        shape: of the array.
        dtype: of its values.
        columns_first: whether the values are stored in column order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    columns_first: bool = False

    @property
    def bytes(self) -> int:
        """Return the number of bytes of the values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(file: IO[bytes] | Any) -> Header:
    """Read the header at the start of a file. Nothing in it is executed.

    Raises:
        BadHeader: these are not the first bytes of a .npy array, or the array holds Python objects.
        OSError: the file cannot be read.
    """
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, columns_first, dtype = read(file)
    except (OSError, EOFError):
        raise
    except Exception as error:  # NumPy parses the header as Python: errors of many types
        reason = " ".join(str(error).split())[:120]
        raise BadHeader(f"{type(error).__name__}: {reason}") from error
    if dtype.hasobject:
        raise BadHeader("it holds Python objects; save plain numbers")
    if any(length < 0 for length in shape):
        raise BadHeader(f"its shape is {shape}")
    return Header(tuple(int(length) for length in shape), dtype, columns_first)
