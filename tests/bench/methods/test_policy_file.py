"""bench/methods/policy_file.py: what a file lacks, and the order of layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.methods.policy_file import below, read_tensors, write_tensors


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
