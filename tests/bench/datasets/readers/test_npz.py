"""`.npz` files that are not what a reader hopes for."""

from __future__ import annotations

import io
import os
import random
import re
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import checks, d4rl
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data
from bench.tasks.registry import DOMAINS

HOPPER = DOMAINS["hopper"]
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


def member(name: str, content: bytes, more: bytes = b"") -> None:
    """Write the arrays of a file, and another member."""
    with zipfile.ZipFile("my.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for key, array in ARRAYS.items():
            file = io.BytesIO()
            np.save(file, array)
            archive.writestr(f"{key}.npy", file.getvalue() + (more if key == "rewards" else b""))
        if name:
            archive.writestr(name, content)


def saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("rewards.npy", saved(np.zeros(6)), WrongData, "holds 'rewards.npy' twice"),
        ("../../evil.txt", b"x", WrongData, "holds '../../evil.txt', which is not an array"),
        ("/etc/evil.npy", saved(np.zeros(6)), WrongData, "unknown meaning: /etc/evil"),
        ("evil.pkl", b"cos\nsystem\n", WrongData, "holds 'evil.pkl', which is not an array"),
        ("timeouts.npy", b"cos\nsystem\n", DamagedFile, "timeouts cannot be read"),
        ("timeouts.npy", saved(np.zeros(6))[:-8], DamagedFile, "needs 48 bytes, but there are 40"),
        ("nested.npz", b"PK", WrongData, "holds 'nested.npz'"),
        ("", b"", None, ""),
    ],
    ids=["twice", "outside", "root", "pickle", "code", "short", "nested", "plain"],
)
def test_members_that_are_no_arrays(
    path: Path, name: str, content: bytes, error: type[Exception] | None, message: str
) -> None:
    member(name, content)
    if error is None:
        assert load().steps == 6
        return
    with pytest.raises(error, match=re.escape(message)):
        load()
    assert not Path("/etc/evil.npy").exists()
    assert not Path("data").exists()


def test_bytes_after_an_array_are_refused(path: Path) -> None:
    """NumPy itself stops reading before them, and then never compares the checksum."""
    member("", b"", more=b"more")
    with pytest.raises(DamagedFile, match="rewards cannot be read"):
        load()


def test_shapes_are_looked_at_before_memory_is_taken(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of some kilobytes, which unpacks to hundreds of megabytes."""
    np.savez_compressed("my.npz", **(ARRAYS | {"observations": np.zeros((2_000_000, 11), "f4")}))
    assert path.stat().st_size < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(WrongData, match=r"\(2000000, 11\), but there are 6 rewards"):
            load()
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_data_that_fit_each_other_but_not_the_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "available_memory", lambda: 1000)
    with pytest.raises(WrongData, match=r"my\.npz: its arrays need .* but 1,000 are available"):
        load()


def test_an_array_in_column_order(path: Path) -> None:
    actions = np.random.default_rng(0).uniform(-1, 1, (6, 3))
    np.savez("my.npz", **(ARRAYS | {"actions": np.asfortranarray(actions)}))
    np.testing.assert_array_equal(load().actions, actions.astype(np.float32))


def test_any_damage_is_refused_or_harmless(path: Path) -> None:
    """A bit that is flipped anywhere, and a cut at every kilobyte and at the last bytes."""
    np.savez("my.npz", **ARRAYS)
    whole, content, draw = d4rl.read(path, HOPPER), path.read_bytes(), random.Random(0)
    damaged = [content[:size] for size in (*range(0, len(content), 1024), *range(-9, 0))]
    for _ in range(150):
        place = draw.randrange(len(content))
        flipped = bytes([content[place] ^ (1 << draw.randrange(8))])
        damaged.append(content[:place] + flipped + content[place + 1 :])
    refused = 0
    for each in damaged:
        path.write_bytes(each)
        try:
            data = d4rl.read(path, HOPPER)
        except (DamagedFile, WrongData):
            refused += 1
            continue
        for name in ("observations", "actions", "rewards", "terminals", "timeouts"):
            np.testing.assert_array_equal(getattr(data, name), getattr(whole, name))
    assert refused > 100
