"""HDF5 files whose compressed chunks are larger than their shape says."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import d4rl, hdf5
from bench.datasets.readers.checks import WrongData
from bench.tasks.registry import DOMAINS

STEPS = 1364
LARGE = 200_000_000
Make = Callable[[Any], Any]


def written(path: Path, make: Make) -> Path:
    """Write a file whose observations are made in another way."""
    with h5py.File(path, "w") as file:
        file["actions"] = np.zeros((STEPS, 3), dtype=np.float32)
        file["rewards"] = np.ones(STEPS, dtype=np.float32)
        file["terminals"] = np.arange(STEPS) % 11 == 10
        make(file)
    return path


def empty(file: Any, **options: Any) -> Any:
    chunked = {"chunks": (STEPS, 11), "compression": "gzip"} | options
    return file.create_dataset("observations", (STEPS, 11), "f4", **chunked)


@cache
def gzipped(size: int, level: int = 1) -> bytes:
    """Return compressed zeros, made piece by piece."""
    packing, piece = zlib.compressobj(level), b"\0" * 1_000_000
    parts = [packing.compress(piece[: size - at]) for at in range(0, size, len(piece))]
    return b"".join([*parts, packing.flush()])


def one_chunk(content: Callable[[], bytes], **options: Any) -> Make:
    return lambda file: empty(file, **options).id.write_direct_chunk((0, 0), content())


def lzf(size: int) -> bytes:
    """Return a byte, and copies of it of 264 bytes each, in lzf's form."""
    return b"\x00\x00" + b"\xe0\xff\x00" * (size // 264)


def half_honest(file: Any) -> None:
    """The second of two chunks is the large one."""
    item = empty(file, chunks=(STEPS // 2, 11))
    item[: STEPS // 2] = 1
    item.id.write_direct_chunk((STEPS // 2, 0), gzipped(LARGE))


def twice(file: Any) -> None:
    """Two filters of gzip, the second of which inflates what the first one compresses."""
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_chunk((STEPS, 11))
    settings.set_deflate(9)
    settings.set_deflate(9)
    space = h5py.h5s.create_simple((STEPS, 11))
    item = h5py.h5d.create(file.id, b"observations", h5py.h5t.IEEE_F32LE, space, settings)
    item.write_direct_chunk((0, 0), zlib.compress(gzipped(LARGE)))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (one_chunk(lambda: gzipped(LARGE)), "has a chunk that is larger than its shape"),
        (one_chunk(lambda: gzipped(STEPS * 44 + 1)), "has a chunk that is larger"),
        (one_chunk(lambda: gzipped(LARGE) + b"end!", fletcher32=True), "has a chunk that is"),
        (one_chunk(lambda: gzipped(LARGE), shuffle=True), "has a chunk that is larger"),
        (one_chunk(lambda: gzipped(10_000_000, 0)), "has a chunk that is larger"),
        (one_chunk(lambda: lzf(LARGE), compression="lzf"), "has a chunk that is larger"),
        (half_honest, "has a chunk that is larger"),
        (twice, "has the filters deflate, deflate, which are not read"),
        (
            lambda file: empty(file, compression=None, scaleoffset=3),
            "has the filters scaleoffset, which are not read",
        ),
        (
            lambda file: empty(file, maxshape=(None, None), chunks=(STEPS, 4_000))[:],
            r"in chunks of shape \(1364, 4000\), which are larger than the array",
        ),
    ],
    ids=[
        "gzip",
        "a-byte",
        "checksum",
        "shuffle",
        "not-small",
        "lzf",
        "second",
        "twice",
        "scaleoffset",
        "chunk-shape",
    ],
)
def test_a_chunk_that_is_larger_than_its_shape(tmp_path: Path, make: Make, message: str) -> None:
    def written_whole(file: Any) -> None:
        make(file)
        item = file["observations"]
        if not item.id.get_num_chunks():
            item[:] = 0

    path = written(tmp_path / "my.hdf5", written_whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (
        lambda: d4rl.read(path, DOMAINS["hopper"]),
        lambda: hdf5.read(path, ["observations"]),
        lambda: hdf5.check_storage(path),
    ):
        with pytest.raises(WrongData, match=rf"my\.hdf5: observations .*{message}"):
            read()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_memory_that_the_filter_of_lzf_claims(tmp_path: Path) -> None:
    """The filter takes as much memory as its third setting says."""
    path = written(tmp_path / "my.hdf5", lambda file: empty(file, compression="lzf"))
    with h5py.File(path, "a") as file:
        file["observations"][:] = 0
    content = path.read_bytes()
    own = struct.pack("<I", STEPS * 44)
    assert content.count(own) >= 1
    path.write_bytes(content.replace(own, struct.pack("<I", 4_000_000_000)))
    with pytest.raises((WrongData, DamagedFile), match=r"observations (claims chunks|cannot be)"):
        hdf5.read(path, ["observations"])


def test_a_damaged_chunk_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "my.hdf5", one_chunk(lambda: b"no zlib"))
    with pytest.raises(DamagedFile, match=r"my\.hdf5 is damaged or truncated: observations cannot"):
        hdf5.read(path, ["observations"])


RANDOM = np.random.default_rng(0).normal(size=(STEPS, 11)).astype(np.float32)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"chunks": (100, 11)},
        {"chunks": (2000, 16), "maxshape": (None, None)},
        {"compression": "gzip"},
        {"compression": "gzip", "chunks": (100, 4), "shuffle": True, "fletcher32": True},
        {"compression": "lzf"},
        {"compression": "lzf", "chunks": (7, 11), "shuffle": True, "fletcher32": True},
        {"fletcher32": True},
        {"shuffle": True, "chunks": (100, 11)},
    ],
    ids=str,
)
@pytest.mark.parametrize("values", [RANDOM, np.zeros_like(RANDOM), np.round(RANDOM)])
def test_honest_chunks_are_read(tmp_path: Path, options: dict[str, Any], values: Any) -> None:
    """Among them values that no filter makes smaller."""
    path = written(
        tmp_path / "my.hdf5",
        lambda file: file.create_dataset("observations", data=values, **options),
    )
    np.testing.assert_array_equal(hdf5.read(path, ["observations"])["observations"], values)
    assert "observations" in hdf5.check_storage(path)
