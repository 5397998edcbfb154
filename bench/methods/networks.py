"""Conversion between torch networks and named NumPy arrays, and functions for networks over vectors."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.core.files import DamagedFile
from bench.datasets.trajectories import F32, Array, Trajectories
from bench.methods.policy_file import Arrays


def arrays_of(module: nn.Module, prefix: str) -> dict[str, NDArray[Any]]:
    """Return the weights of a network as named arrays."""
    return {
        f"{prefix}{name}": tensor.detach().cpu().numpy()
        for name, tensor in module.state_dict().items()
    }


def set_arrays(module: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Load named arrays into a network.

    Raises:
        DamagedFile: the names or the shapes are not those of the network.
    """
    # a policy file holds a scalar as an array of shape (1,)
    expected = {name: tuple(tensor.shape) or (1,) for name, tensor in module.state_dict().items()}
    found = {name: array.shape or (1,) for name, array in arrays.items()}
    if found != expected:
        name = f"policy {arrays.path}" if isinstance(arrays, Arrays) else "a policy"
        raise DamagedFile(
            f"{name} does not fit the network: {_differences(expected, found)}. Another version of the method "
            "wrote it; train the run again"
        )
    module.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})


def _differences(expected: dict[str, tuple[int, ...]], found: dict[str, tuple[int, ...]]) -> str:
    """Return the first array of each kind of difference, in words."""
    lists = {
        "it lacks": [name for name in expected if name not in found],
        "it holds the unknown": [name for name in found if name not in expected],
    }
    parts = [f"{what} {names[0]!r} ({len(names)} in all)" for what, names in lists.items() if names]
    for name, shape in expected.items():
        if name in found and found[name] != shape:
            parts.append(f"{name!r} has shape {found[name]}, expected {shape}")
            break
    return ", ".join(parts)


def flat(observations: NDArray[Any]) -> NDArray[Any]:
    """Return observations (N, *obs) as vectors, (N, obs)."""
    return observations.reshape(len(observations), -1)


def vectors(data: Trajectories) -> Array:
    """Return the observations of a data set as vectors, (N, obs).

    Raises:
        ValueError: observations are stacks of frames. Each frame would be copied several times.
    """
    if data.stack > 1:
        raise ValueError(
            f"observations are stacks of {data.stack} frames, but this method needs vectors: use "
            "dt_atari (`returns: false` clones behaviour) or cql_atari"
        )
    return flat(data.observations)


def normalise(observations: NDArray[Any], mean: F32, std: F32, floor: float) -> F32:
    """Return standardised observations, of any leading shape. `floor` is added to `std`, to avoid a division by
    zero.
    """
    return np.asarray((observations - mean) / (std + floor), dtype=np.float32)


def shared(array: NDArray[Any], device: str) -> Tensor:
    """Return an array as a tensor, for gathering batches. Do not write into it.

    On a CPU, the tensor uses the memory of the array. All runs on a machine then share the pages of a
    memory-mapped data set. On another device, the tensor is a copy.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(np.asarray(array)).to(device)


def normaliser(mean: F32, std: F32, floor: float, device: str) -> Callable[[Tensor], Tensor]:
    """Return the function `normalise` for tensors on a device. It works on batches, so the data are not copied."""
    centre = torch.from_numpy(mean).to(device)
    scale = torch.from_numpy(np.asarray(std + floor, dtype=np.float32)).to(device)
    return lambda observations: (observations - centre) / scale


@torch.inference_mode()
def predict(network: nn.Module, states: F32, device: str) -> F32:
    """Return the outputs of a network in evaluation mode, as float32."""
    network.eval()
    return np.asarray(
        network(torch.from_numpy(states).to(device)).float().cpu().numpy(), dtype=np.float32
    )
