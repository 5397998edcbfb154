"""Headers of .npy arrays: read without memory for the array, and refused with a reason."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest

from bench.datasets.npy import BadHeader, Header, read_header

START = b"\x93NUMPY\x01\x00"


def with_header(text: str) -> io.BytesIO:
    content = text.encode("latin1") + b"\n"
    return io.BytesIO(START + len(content).to_bytes(2, "little") + content)


@pytest.mark.parametrize(
    "array",
    [np.zeros((3, 4)), np.zeros(0), np.array(1.0), np.zeros((3, 4), np.uint8, order="F")],
    ids=["matrix", "empty", "number", "columns"],
)
def test_what_numpy_writes(array: Any) -> None:
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    found = read_header(file)
    columns = array.ndim > 1 and array.flags.f_contiguous
    assert found == Header(array.shape, array.dtype, columns)
    assert found.bytes == array.nbytes == len(file.read())


@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2",  # a token is missing
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': ('a',)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': 'xyz', 'fortran_order': False, 'shape': (1,)}",
        "__import__('os').system('true')",
        "(" * 5000,
        "{" + "'a': 1, " * 3000 + "}",
        "\x00\x00",
        "",
    ],
    ids=["cut", "negative", "text", "objects", "type", "call", "deep", "long", "zeros", "nothing"],
)
def test_another_header_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadHeader) as failure:
        read_header(with_header(text))
    assert 0 < len(str(failure.value)) < 200
    assert "\n" not in str(failure.value)


def test_a_damaged_header_never_gives_another_error() -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((3, 4)))
    content, draw, refused = file.getvalue()[:128], random.Random(0), 0
    for _ in range(1000):
        damaged = bytearray(content)
        for place in draw.sample(range(len(content)), 2):
            damaged[place] = draw.randrange(256)
        try:
            read_header(io.BytesIO(bytes(damaged)))
        except (BadHeader, EOFError):
            refused += 1
    assert refused > 500


def test_a_huge_shape_takes_no_memory() -> None:
    text = "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}"
    assert read_header(with_header(text)).bytes == 8 * 2**64
