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
