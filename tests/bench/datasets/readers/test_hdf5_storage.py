"""HDF5 files whose values stand elsewhere, or were never written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.datasets.readers import d4rl, hdf5
from bench.datasets.readers.checks import WrongData
from bench.tasks.registry import DOMAINS

HOPPER, STEPS = DOMAINS["hopper"], 1000


def written(path: Path, name: str, make: Callable[[Any], Any]) -> Path:
    """Write a whole file, and `name` in another way."""
    content = {
        "observations": np.zeros((STEPS, 11)),
        "actions": np.zeros((STEPS, 3)),
        "rewards": np.ones(STEPS),
        "terminals": np.arange(STEPS) % 10 == 9,
    }
    with h5py.File(path.with_name("elsewhere.hdf5"), "w") as file:
        file["values"] = content[name]
    with h5py.File(path, "w") as file:
        for key in content.keys() - {name}:
            file[key] = content[key]
        make(file)
    return path


def virtual(name: str, source: str) -> Callable[[Any], Any]:
    def make(file: Any) -> None:
        shape = (STEPS,) if name == "rewards" else (STEPS, 11)
        layout = h5py.VirtualLayout(shape, dtype="f8")
        layout[:] = h5py.VirtualSource(source, "values", shape)
        file.create_virtual_dataset(name, layout)

    return make


def external(file: Any) -> None:
    Path("raw.bin").write_bytes(np.ones(STEPS).tobytes())
    file.create_dataset("rewards", (STEPS,), "f8", external=[("raw.bin", 0, 8 * STEPS)])


def partly(share: float) -> Callable[[Any], Any]:
    def make(file: Any) -> None:
        rewards = file.create_dataset("rewards", (STEPS,), "f8", chunks=(50,))
        rewards[: int(share * STEPS)] = 1.0

    return make


def never(file: Any) -> None:
    file.create_dataset("rewards", (STEPS,), "f8")


def filled(file: Any) -> None:
    file.create_dataset("rewards", (STEPS,), "f8", chunks=(50,), fillvalue=7.0)


def linked(kind: Any) -> Callable[[Any], Any]:
    def make(file: Any) -> None:
        file["rewards"] = kind

    return make


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        ("rewards", virtual("rewards", "not_here.hdf5"), "is a virtual array"),
        ("rewards", virtual("rewards", "elsewhere.hdf5"), "is a virtual array"),
        ("observations", virtual("observations", "elsewhere.hdf5"), "is a virtual array"),
        ("rewards", external, "has its values in another file"),
        ("rewards", partly(0.05), "has 1 of 20 chunks; the others were never written"),
        ("rewards", partly(0.95), "has 19 of 20 chunks"),
        ("rewards", filled, r"has 0 of 20 chunks.* would read as 7\.0"),
        ("rewards", never, r"was never written and would read as 0\.0"),
        ("rewards", linked(h5py.ExternalLink("elsewhere.hdf5", "/values")), "is a link"),
        ("rewards", linked(h5py.ExternalLink("/dev/zero", "/values")), "is a link"),
        ("rewards", linked(h5py.SoftLink("/observations")), "is a link"),
        ("rewards", linked(h5py.SoftLink("/nowhere")), "is a link"),
    ],
    ids=[
        "missing",
        "there",
        "wide",
        "external",
        "part",
        "most",
        "filled",
        "never",
        "link",
        "device",
        "soft",
        "broken",
    ],
)
def test_values_that_do_not_stand_in_the_file(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    make: Callable[[Any], Any],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path / "my.hdf5", name, make)
    with pytest.raises(WrongData, match=rf"my\.hdf5: {name} {message}"):
        d4rl.read(path, HOPPER)
    with pytest.raises(WrongData, match=rf"my\.hdf5: {name} {message}"):
        hdf5.read(path, [name])
    with pytest.raises(WrongData, match=rf"my\.hdf5: {name} {message}"):
        hdf5.check_storage(path)


@pytest.mark.parametrize(
    "options",
    [{}, {"chunks": (64,)}, {"chunks": (64,), "compression": "gzip"}, {"fletcher32": True}],
    ids=["contiguous", "chunks", "compressed", "checksum"],
)
def test_values_that_do(tmp_path: Path, options: dict[str, Any]) -> None:
    def make(file: Any) -> None:
        file.create_dataset("rewards", data=np.ones(STEPS), **options)

    path = written(tmp_path / "my.hdf5", "rewards", make)
    assert d4rl.read(path, HOPPER).returns.tolist() == [10.0] * 100
    assert hdf5.check_storage(path).keys() == hdf5.headers(path).keys()


def test_a_link_on_the_way_to_an_array(tmp_path: Path) -> None:
    """The group of the array is in another file."""
    with h5py.File(tmp_path / "elsewhere.hdf5", "w") as file:
        file["group/values"] = np.ones(3)
    with h5py.File(tmp_path / "my.hdf5", "w") as file:
        file["group"] = h5py.ExternalLink("elsewhere.hdf5", "/group")
        file["own"] = np.ones(3)
    with pytest.raises(WrongData, match=r"my\.hdf5: group is a link"):
        hdf5.read(tmp_path / "my.hdf5", ["group/values"])
    assert hdf5.read(tmp_path / "my.hdf5", ["own", "own/x", "other"]).keys() == {"own"}


def test_groups_that_contain_each_other_end(tmp_path: Path) -> None:
    path = written(tmp_path / "my.hdf5", "rewards", lambda file: file.create_group("a"))
    with h5py.File(path, "a") as file:
        file["a/again"] = file["a"]
    with pytest.raises(WrongData, match="or groups more than 50 deep"):
        hdf5.headers(path)


def test_shapes_are_looked_at_before_memory_is_taken(tmp_path: Path) -> None:
    """A file of some kilobytes with 1.4 gigabytes of compressed zeros."""

    def make(file: Any) -> None:
        rewards = file.create_dataset(
            "rewards", (180_000_000,), "f8", chunks=(18_000_000,), compression="gzip"
        )
        rewards[:1] = 0

    path = written(tmp_path / "my.hdf5", "rewards", make)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(WrongData, match=r"has shape \(1000,.*, but there are 180,000,000 rewards"):
        d4rl.read(path, HOPPER)
