"""Damaged logs are refused by name, also where only the head of a file is used."""

from __future__ import annotations

import gzip
import io
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import dopamine
from bench.datasets.readers.checks import WrongData
from tests.helpers.dopamine import path_of, write_logs

ELEMENTS = ("observation", "action", "reward", "terminal", "add_count", "invalid_range")
LENGTHS, CAPACITY = (5, 1, 9, 12, 4, 7), 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_logs(tmp_path / "logs", LENGTHS, CAPACITY)
    return tmp_path / "logs"


def use(folder: Path, rows: int) -> list[Any]:
    """Read what a sample of so many rows needs, and return all of it."""

    def find(name: str) -> Path | None:
        return folder / name if (folder / name).exists() else None

    log = dopamine.read(find, 0, rows)
    path = dopamine.present(find, dopamine.FRAMES, 0)
    spans = list(dopamine.frames(path, np.array([log.rows // 2, log.rows - log.rows // 2])))
    return [log.actions, log.rewards, log.terminals, *spans]


@pytest.mark.parametrize("rows", [10, 1000], ids=["head", "whole"])
@pytest.mark.parametrize("element", ELEMENTS)
def test_bytes_after_the_array_are_refused(folder: Path, element: str, rows: int) -> None:
    path = path_of(folder, element, 0)
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content + b"more"))
    with pytest.raises(DamagedFile, match=f"{path.name.replace('$', '.')} holds bytes after its"):
        use(folder, rows)


@pytest.mark.parametrize("rows", [10, 1000], ids=["head", "whole"])
@pytest.mark.parametrize("element", ELEMENTS)
def test_a_wrong_checksum_is_refused(folder: Path, element: str, rows: int) -> None:
    path = path_of(folder, element, 0)
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # the first byte of the CRC
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path.name.replace('$', '.')} is damaged or truncated"):
        use(folder, rows)


@pytest.mark.parametrize("element", ELEMENTS)
def test_a_named_pipe_is_refused(folder: Path, element: str) -> None:
    path = path_of(folder, element, 0)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DamagedFile, match="is a named pipe, not a regular file"):
        use(folder, 10)


@pytest.mark.parametrize("element", ELEMENTS)
def test_a_damaged_header_is_refused(folder: Path, element: str) -> None:
    path = path_of(folder, element, 0)
    content = gzip.decompress(path.read_bytes()).replace(b"'shape': (", b"'shape': ((", 1)
    path.write_bytes(gzip.compress(content))
    with pytest.raises(DamagedFile, match=r"is not a \.npy file"):
        use(folder, 10)


@pytest.mark.parametrize("element", ["add_count", "invalid_range"])
@pytest.mark.parametrize("shape", [(2**32, 2**32), (2**62,), (10**9,)])
def test_a_huge_shape_takes_no_memory(folder: Path, element: str, shape: tuple[int, ...]) -> None:
    file = io.BytesIO()
    header = {"descr": "<i8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    path_of(folder, element, 0).write_bytes(gzip.compress(file.getvalue()))
    with pytest.raises(WrongData, match="expected a few whole numbers"):
        use(folder, 10)


def message_of(folder: Path) -> str | None:
    """Return the message of the refusal, or None if the log is read."""
    try:
        use(folder, 10)
    except (DamagedFile, WrongData) as error:
        return str(error)
    return None


@pytest.mark.parametrize("element", ELEMENTS)
def test_any_damage_is_refused_or_harmless(folder: Path, element: str) -> None:
    """A bit that is flipped anywhere, and a cut at every kilobyte and at the last bytes."""
    path, expected = path_of(folder, element, 0), use(folder, 10)
    content, draw, refused = path.read_bytes(), random.Random(0), 0
    places = [draw.randrange(len(content)) for _ in range(40)]
    damaged = [
        content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]
        for place in places
    ]
    damaged += [content[:size] for size in range(0, len(content), 1024)]
    damaged += [content[:-size] for size in range(1, 10)]
    for each in damaged:
        path.write_bytes(each)
        if (message := message_of(folder)) is None:
            for mine, other in zip(use(folder, 10), expected, strict=True):
                np.testing.assert_array_equal(mine, other)
            continue
        assert path.name in message or "log 0" in message
        refused += 1
    assert refused > 20  # a gzip header holds bytes that nobody uses, such as its own name


def test_a_file_is_read_to_its_end_once(folder: Path, own_cache: Path) -> None:
    """Afterwards only the rows that a sample needs are read."""
    use(folder, 10)
    assert (own_cache / "checked.json").exists()
    path = path_of(folder, "observation", 0)
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-8] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as if nothing had happened
    use(folder, 10)
    path.touch()
    with pytest.raises(DamagedFile):
        use(folder, 10)
