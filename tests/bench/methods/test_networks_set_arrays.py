"""bench/methods/networks.py: weights that do not fit a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench.core.files import DamagedFile
from bench.methods.networks import arrays_of, set_arrays
from bench.methods.policy_file import below, read_tensors, write_tensors


class Scaled(nn.Module):
    """Holds a scalar."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def test_arrays_go_into_a_network_and_come_out_again() -> None:
    first, second = network(), network()
    set_arrays(second, arrays_of(first, ""))
    inputs = torch.ones(5, 3)
    assert torch.equal(first(inputs), second(inputs))


def test_a_scalar_survives_a_policy_file(tmp_path: Path) -> None:
    write_tensors(tmp_path / "policy", arrays_of(Scaled(3.0), ""), method="dt")
    read = Scaled(0.0)
    set_arrays(read, read_tensors(tmp_path / "policy", method="dt")[0])
    assert read.scale == 3
    assert read.scale.shape == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"0.weight": None, "2.bias": None}, r"it lacks '0\.weight' \(2 in all\)\. "),
        ({"fc1": np.zeros(1)}, r"it holds the unknown 'fc1' \(1 in all\)\. "),
        (
            {"0.bias": None, "bias": np.zeros(4)},
            r"it lacks '0\.bias' \(1 in all\), it holds the unknown 'bias' \(1 in all\)\. ",
        ),
        ({"2.bias": np.zeros(3)}, r"'2\.bias' has shape \(3,\), expected \(2,\)\. "),
    ],
    ids=["missing", "unknown", "renamed", "shape"],
)
def test_arrays_of_another_network_are_refused(
    tmp_path: Path, changes: dict[str, np.ndarray | None], message: str
) -> None:
    arrays = arrays_of(network(), "model.") | {f"model.{k}": v for k, v in changes.items()}
    whole = {name: array for name, array in arrays.items() if array is not None}
    way_out = "Another version of the method wrote it; train the run again"
    with pytest.raises(
        DamagedFile, match=f"^a policy does not fit the network: {message}{way_out}"
    ):
        set_arrays(network(), {name.removeprefix("model."): a for name, a in whole.items()})
    write_tensors(tmp_path / "old", whole, method="dt")
    weights = below("model.", read_tensors(tmp_path / "old", method="dt")[0])
    untouched = network()
    before = arrays_of(untouched, "")
    with pytest.raises(
        DamagedFile, match=f"^policy .*old does not fit the network: {message}{way_out}"
    ):
        set_arrays(untouched, weights)
    assert all(np.array_equal(before[name], a) for name, a in arrays_of(untouched, "").items())
