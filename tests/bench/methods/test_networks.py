"""Networks to and from arrays, and observations as networks take them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from bench.methods.networks import shared


def test_a_shared_tensor_is_the_map_itself(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = shared(array, "cpu")
    assert np.shares_memory(tensor.numpy(), array)
    assert tensor.tolist() == array.tolist()
