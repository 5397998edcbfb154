"""Networks to and from arrays, and observations as networks take them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench.core.files import DamagedFile
from bench.methods.networks import (
    arrays_of,
    flat,
    normalise,
    normaliser,
    predict,
    set_arrays,
    shared,
    vectors,
)
from bench.methods.policy_file import below, read_tensors, write_tensors
from tests.helpers.discrete import make_choices
from tests.helpers.frames import make_frames


def test_a_shared_tensor_is_the_map_itself(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6.0).reshape(3, 2))
    array = np.load(tmp_path / "a.npy", mmap_mode="r")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor = shared(array, "cpu")
    assert np.shares_memory(tensor.numpy(), array)
    assert tensor.tolist() == array.tolist()


def make_network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.9), nn.Linear(3, 1))


def test_a_network_comes_back_from_its_arrays() -> None:
    network, other = make_network(), make_network()
    arrays = arrays_of(network, "net.")
    assert {name: array.shape for name, array in arrays.items()} == {
        "net.0.weight": (3, 2),
        "net.0.bias": (3,),
        "net.2.weight": (1, 3),
        "net.2.bias": (1,),
    }
    for parameter in other.parameters():
        parameter.data.fill_(9.0)
    set_arrays(other, {name.removeprefix("net."): array for name, array in arrays.items()})
    for mine, theirs in zip(network.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_network_takes_no_arrays_of_another() -> None:
    arrays = arrays_of(make_network(), "")
    del arrays["2.bias"]
    with pytest.raises(DamagedFile, match=r"it lacks '2\.bias'"):
        set_arrays(make_network(), arrays)


def test_observations_become_vectors_in_the_order_of_their_entries() -> None:
    pictures = np.arange(12).reshape(2, 3, 2)
    assert flat(pictures).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert flat(np.arange(3)).shape == (3, 1)


def test_vectors_of_a_data_set() -> None:
    data = make_choices((2, 5))
    assert vectors(data).shape == (7, 4)
    assert np.shares_memory(vectors(data), data.observations)
    with pytest.raises(ValueError, match="stacks of 4 frames, but this method needs vectors: use"):
        vectors(make_frames())


def test_normalised_observations_by_hand() -> None:
    """(5 - 1) / (1.5 + 0.5) and (-3 - 3) / (0 + 0.5); bytes do not wrap."""
    mean, std = np.array([1, 3], np.float32), np.array([1.5, 0], np.float32)
    found = normalise(np.array([[5, -3], [1, 3]], np.float64), mean, std, 0.5)
    assert (found.dtype, found.tolist()) == (np.float32, [[2, -12], [0, 0]])
    assert normalise(np.array([[0, 0]], np.uint8), mean, std, 0.5).tolist() == [[-0.5, -6]]
    batch = torch.tensor([[[5.0, -3.0]], [[1.0, 3.0]]])
    assert normaliser(mean, std, 0.5, "cpu")(batch).tolist() == [[[2, -12]], [[0, 0]]]


def test_predictions_are_those_of_evaluation_without_gradients() -> None:
    network = make_network().train()
    (first, _, last), states = network, np.array([[1.0, -2.0], [0.5, 3.0]], np.float32)
    found = predict(network, states, "cpu")
    hidden = states @ first.weight.detach().numpy().T + first.bias.detach().numpy()
    expected = hidden @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    assert (found.dtype, found.shape) == (np.float32, (2, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert not network.training


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
