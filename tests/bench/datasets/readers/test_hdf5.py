"""HDF5 files that are not what a reader hopes for."""

from __future__ import annotations

import fcntl
from pathlib import Path

import h5py
import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import d4rl
from bench.datasets.readers.checks import WrongData
from bench.tasks.registry import DOMAINS

HOPPER = DOMAINS["hopper"]


def write(path: Path, *without: str) -> Path:
    content = {
        "observations": np.zeros((6, 11)),
        "actions": np.zeros((6, 3)),
        "rewards": np.arange(6.0),
        "terminals": np.arange(6) == 5,
    }
    with h5py.File(path, "w") as file:
        for name in content.keys() - set(without):
            file[name] = content[name]
    return path


def test_a_group_in_the_place_of_an_array_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "my.hdf5", "observations")
    with h5py.File(path, "a") as file:
        file["observations/first"] = np.zeros((6, 11))
    with pytest.raises(WrongData, match=r"my\.hdf5 has no observations\. observations is a group"):
        d4rl.read(path, HOPPER)


@pytest.mark.parametrize("name", ["observations", "timeouts"])
def test_a_link_to_another_file_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "my.hdf5", name)
    with h5py.File(path, "a") as file:
        file[name] = h5py.ExternalLink("elsewhere.hdf5", "/values")
    with pytest.raises(WrongData, match=rf"my\.hdf5: {name} is a link to another place or file"):
        d4rl.read(path, HOPPER)


@pytest.mark.long
def test_a_flipped_byte_never_gives_a_traceback(tmp_path: Path) -> None:
    path = write(tmp_path / "my.hdf5")
    content = path.read_bytes()
    messages = []
    for place in range(8, 2400, 5):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            d4rl.read(path, HOPPER)
        except (DamagedFile, WrongData) as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all(str(path) in message and "\n" not in message for message in messages)


def test_a_file_that_another_program_writes_is_not_called_damaged(tmp_path: Path) -> None:
    path = write(tmp_path / "my.hdf5")
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # as HDF5 does while it writes
        with pytest.raises(BlockingIOError, match=r"my\.hdf5 is open for writing in another"):
            d4rl.read(path, HOPPER)
    assert d4rl.read(path, HOPPER).steps == 6
