"""`.npz` files that are not what a reader hopes for."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data

ARRAYS: dict[str, Any] = {
    "observations": np.zeros((6, 11)),
    "actions": np.zeros((6, 3)),
    "rewards": np.arange(6.0),
    "terminals": np.arange(6) == 5,
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.savez_compressed("my.npz", **ARRAYS)
    return tmp_path / "my.npz"


def load() -> Any:
    return import_data("my.npz", "hopper-mine", Constants(environment="Hopper-v4"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n<!DOCTYPE html><html>403</html>", "it is a web page"),
        (b"\x80\x04\x95\x10", "it is something else"),  # as Python's pickles begin
        (b"", "it is empty"),
        (None, "it is a single array that numpy.save wrote"),
    ],
    ids=["artifact", "pickle", "empty", "npy"],
)
def test_another_format_is_named_without_bad_advice(
    path: Path, content: bytes | None, message: str
) -> None:
    if content is None:
        with path.open("wb") as file:
            np.save(file, ARRAYS["rewards"])
    else:
        path.write_bytes(content)
    with pytest.raises(DamagedFile, match=message) as failure:
        load()
    assert "numpy.savez" in str(failure.value)
    assert "pickle" not in str(failure.value)


@pytest.mark.long
def test_damaged_bytes_never_give_a_traceback(path: Path) -> None:
    content = path.read_bytes()
    draw = random.Random(0)
    messages = []
    for _ in range(300):
        damaged = bytearray(content)
        for place in draw.sample(range(4, len(content)), 3):
            damaged[place] = draw.randrange(256)
        path.write_bytes(damaged)
        try:
            load()
        except (DamagedFile, WrongData) as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert all("my.npz" in message for message in messages)


@pytest.fixture
def unreadable(path: Path) -> Iterator[None]:
    """The file is there, and nobody may read it, though the superuser runs the tests."""
    path.parent.chmod(0o755)
    path.chmod(0)
    me = os.geteuid()
    os.seteuid(me or 65534)
    yield
    os.seteuid(me)


@pytest.mark.usefixtures("unreadable")
def test_a_file_that_may_not_be_read_is_not_called_damaged() -> None:
    with pytest.raises(PermissionError, match=r"my\.npz"):
        load()
