"""Atari behaviour agents: small networks that read the RAM of the console, in NumPy.

The input of an agent is the 128 bytes of the RAM, and their change since its last action. That takes a thousandth of
the time of a convolution over images. An agent can therefore be trained on a CPU (bench/behaviours/ppo.py), and a
roll-out needs no library for networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bench.core.files import DamagedFile, replacing

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]

CLIP = 5.0  # standard deviations


@dataclass(frozen=True)
class RamEncoder:
    """Turn the RAM into the inputs of a network. The inputs are the A bytes that vary in random play, and their
    changes. Each is divided by its standard deviation in random play.

    Attributes:
        bytes: (A,) int64, indices of the bytes.
        mean: (A,) float32, the means of these bytes.
        scale: (2A,) float32, the reciprocal standard deviations of these bytes, then those of their changes.
    """

    bytes: I64
    mean: F32
    scale: F32

    @property
    def inputs(self) -> int:
        """Return the number of inputs, 2A."""
        return len(self.scale)

    def __call__(self, memory: U8, before: U8) -> F32:
        """Return the inputs of the network, (L, 2A).

        Args:
            memory: (L, 128), the current RAM.
            before: (L, 128), the RAM before the last action; at the start of an episode it equals `memory`.
        """
        now, then = memory[:, self.bytes], before[:, self.bytes]
        change = (now - then).view(np.int8)  # as int8, a byte that wraps around changes little
        seen = np.concatenate([now - self.mean, change], axis=1, dtype=np.float32)
        return np.asarray(np.clip(seen * self.scale, -CLIP, CLIP), dtype=np.float32)

    @staticmethod
    def fit(memory: U8, before: U8) -> RamEncoder:
        """Return the encoder with the bytes, the means and the scales of recorded play.

        Args:
            memory: (N, 128), the RAM at each step.
            before: (N, 128), the RAM one action earlier.
        """
        varies = np.flatnonzero((memory != memory[0]).any(axis=0))
        now, then = memory[:, varies], before[:, varies]
        spread = np.concatenate([now.std(axis=0), (now - then).view(np.int8).std(axis=0)])
        return RamEncoder(
            bytes=varies,
            mean=now.mean(axis=0).astype(np.float32),
            scale=(1 / np.maximum(spread, 0.5)).astype(
                np.float32
            ),  # 0.5 limits the scale of rare events
        )


@dataclass(frozen=True)
class AtariAgent:
    """A stochastic policy: a softmax over the game's actions.

    Attributes:
        encoder: turns the RAM into inputs.
        layers: weight (in, out) and bias (out,) of each layer; ReLU between them.
    """

    encoder: RamEncoder
    layers: tuple[tuple[F32, F32], ...]

    def act(self, memory: U8, before: U8, chance: F64) -> I64:
        """Draw an action for each of L envs, (L,).

        Args:
            memory: (L, 128), the current RAM.
            before: (L, 128), the RAM before the last action; at the start of an episode it equals `memory`.
            chance: (L,), uniform in [0, 1): the quantile of the softmax to take.
        """
        features = self.encoder(memory, before)
        for weight, bias in self.layers[:-1]:
            features = np.maximum(features @ weight + bias, 0)
        weight, bias = self.layers[-1]
        return draw(features @ weight + bias, chance)

    def save(self, path: Path, dtype: type[np.floating] = np.float32) -> None:
        """Write the network as safetensors, in this type. float16 halves the size of the file."""
        tensors: dict[str, NDArray[Any]] = {
            "bytes": self.encoder.bytes.astype(np.uint8),
            "mean": self.encoder.mean,
            "scale": self.encoder.scale,
        }
        for index, (weight, bias) in enumerate(self.layers):
            tensors[f"{index}.weight"] = np.ascontiguousarray(weight.astype(dtype))
            tensors[f"{index}.bias"] = np.ascontiguousarray(bias.astype(dtype))
        with replacing(path) as temporary:
            save_file(tensors, temporary)

    @staticmethod
    def load(path: Path) -> AtariAgent:
        """Read the file that `save` wrote. Weights are returned as float32.

        Raises:
            DamagedFile: the file is truncated, is not safetensors, or lacks an array.
        """
        try:
            tensors = load_file(path)
            count = sum(name.endswith(".weight") for name in tensors)
            layers = tuple(
                (
                    tensors[f"{i}.weight"].astype(np.float32),
                    tensors[f"{i}.bias"].astype(np.float32),
                )
                for i in range(count)
            )
            encoder = RamEncoder(
                tensors["bytes"].astype(np.int64), tensors["mean"], tensors["scale"]
            )
            return AtariAgent(encoder, layers)
        except (SafetensorError, KeyError) as error:
            raise DamagedFile(
                f"{path} is not a behaviour policy ({error}); restore it from version control"
            ) from error


def draw(logits: F32, chance: F64) -> I64:
    """Return quantiles of softmax distributions, (L,).

    Args:
        logits: (L, n_actions).
        chance: (L,), uniform in [0, 1): the quantiles.
    """
    odds = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    heights = np.cumsum(odds, axis=1)
    within = chance[:, None] * heights[:, -1:] >= heights
    return np.asarray(within[:, :-1].sum(axis=1), dtype=np.int64)
