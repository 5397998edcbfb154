"""Policies on disk: what comes back, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bench.core.files import DamagedFile
from bench.methods.policy_file import below, read_tensors, write_tensors

TENSORS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "steps": np.array([7]),
    "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,  # not contiguous
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A policy of method `mine`."""
    write_tensors(tmp_path / "policy", TENSORS, method="mine", width=8, name="é", none=None)
    return tmp_path / "policy"


def test_arrays_and_words_come_back(path: Path) -> None:
    tensors, about = read_tensors(path, method="mine")
    assert about == {"method": "mine", "width": 8, "name": "é", "none": None}
    assert tensors.keys() == TENSORS.keys()
    for name, array in TENSORS.items():
        np.testing.assert_array_equal(tensors[name], array)
        assert tensors[name].dtype == array.dtype


def test_the_same_content_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    turned = dict(reversed(TENSORS.items()))
    write_tensors(again, turned, method="mine", none=None, name="é", width=8)
    assert again.read_bytes() == path.read_bytes()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["again", "policy"]


def test_a_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no policy at .*nothing: train the run first"):
        read_tensors(tmp_path / "nothing", method="mine")


def test_a_policy_of_another_method_is_refused(path: Path) -> None:
    with pytest.raises(DamagedFile, match=f"{path} was written by method 'mine', not 'yours'"):
        read_tensors(path, method="yours")


@pytest.mark.parametrize("size", [0, 5, 100, -1])
def test_a_truncated_policy_is_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedFile, match=f"policy {path} is damaged .*; delete it and run again"):
        read_tensors(path, method="mine")


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {"about": "{"}])
def test_a_file_that_says_nothing_of_its_method_is_refused(
    path: Path, metadata: dict[str, str] | None
) -> None:
    save_file({"weight": TENSORS["weight"]}, path, metadata=metadata)
    with pytest.raises(DamagedFile, match=f"policy {path} is damaged"):
        read_tensors(path, method="mine")


def test_an_array_that_a_policy_file_lacks_is_named(tmp_path: Path) -> None:
    write_tensors(tmp_path / "old", {"mean": np.zeros(3)}, method="bc")
    tensors, _ = read_tensors(tmp_path / "old", method="bc")
    with pytest.raises(DamagedFile, match=r"policy .*old does not fit the network: it lacks 'std'"):
        tensors["std"]


def test_layers_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    names = ["net.10.weight", "net.9.weight", "net.0.bias", "mean"]
    write_tensors(tmp_path / "policy", {name: np.zeros(1) for name in names}, method="bc")
    weights = below("net.", read_tensors(tmp_path / "policy", method="bc")[0])
    assert list(weights) == ["0.bias", "9.weight", "10.weight"]
    assert below("none.", read_tensors(tmp_path / "policy", method="bc")[0]) == {}
