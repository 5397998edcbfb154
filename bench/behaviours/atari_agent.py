"""The agents that made the Atari data: small networks that read the console's memory, in NumPy.

An agent sees the 128 bytes of the console's RAM and how they changed since its last action. That
costs a thousandth of a convolution over pictures, so that an agent can be trained on a CPU
(bench/behaviours/ppo.py) and rolled out again without any library.
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
class Reading:
    """What a network is shown of the console's memory: the bytes that vary in random play, and
    their change, each in standard deviations of random play.

    Attributes:
        bytes: (A,) int64, which of the 128 bytes.
        mean: (A,) float32, of these bytes.
        scale: (2A,) float32, one over the standard deviation of these bytes, then of their change.
    """

    bytes: I64
    mean: F32
    scale: F32

    @property
    def inputs(self) -> int:
        """Return 2A."""
        return len(self.scale)

    def __call__(self, memory: U8, before: U8) -> F32:
        """Return the inputs of the network, (L, 2A).

        Args:
            memory: (L, 128), the console's RAM now.
            before: (L, 128), the RAM at the action before; at an episode's start the same.
        """
        now, then = memory[:, self.bytes], before[:, self.bytes]
        change = (now - then).view(np.int8)  # a byte that wraps changes little
        seen = np.concatenate([now - self.mean, change], axis=1, dtype=np.float32)
        return np.asarray(np.clip(seen * self.scale, -CLIP, CLIP), dtype=np.float32)

    @staticmethod
    def fit(memory: U8, before: U8) -> Reading:
        """Take bytes and scales from play, (N, 128) each."""
        varies = np.flatnonzero((memory != memory[0]).any(axis=0))
        now, then = memory[:, varies], before[:, varies]
        spread = np.concatenate([now.std(axis=0), (now - then).view(np.int8).std(axis=0)])
        return Reading(
            bytes=varies,
            mean=now.mean(axis=0).astype(np.float32),
            scale=(1 / np.maximum(spread, 0.5)).astype(np.float32),  # rare events stay in sight
        )


@dataclass(frozen=True)
class AtariAgent:
    """A stochastic policy: a softmax over the game's actions.

    Attributes:
        reading: what the network sees of the memory.
        layers: weight (in, out) and bias (out,) of each layer; ReLU between them.
    """

    reading: Reading
    layers: tuple[tuple[F32, F32], ...]

    def act(self, memory: U8, before: U8, chance: F64) -> I64:
        """Draw an action for each of L consoles, (L,).

        Args:
            memory: (L, 128), the console's RAM now.
            before: (L, 128), the RAM at the action before; at an episode's start the same.
            chance: (L,), uniform in [0, 1): which quantile of the softmax to take.
        """
        features = self.reading(memory, before)
        for weight, bias in self.layers[:-1]:
            features = np.maximum(features @ weight + bias, 0)
        weight, bias = self.layers[-1]
        return draw(features @ weight + bias, chance)

    def save(self, path: Path, dtype: type[np.floating] = np.float32) -> None:
        """Write the network as safetensors; float16 halves the file."""
        tensors: dict[str, NDArray[Any]] = {
            "bytes": self.reading.bytes.astype(np.uint8),
            "mean": self.reading.mean,
            "scale": self.reading.scale,
        }
        for index, (weight, bias) in enumerate(self.layers):
            tensors[f"{index}.weight"] = np.ascontiguousarray(weight.astype(dtype))
            tensors[f"{index}.bias"] = np.ascontiguousarray(bias.astype(dtype))
        with replacing(path) as temporary:
            save_file(tensors, temporary)

    @staticmethod
    def load(path: Path) -> AtariAgent:
        """Read what `save` wrote; weights come back as float32.

        Raises:
            DamagedFile: the file is truncated, not safetensors, or lacks a part.
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
            reading = Reading(tensors["bytes"].astype(np.int64), tensors["mean"], tensors["scale"])
            return AtariAgent(reading, layers)
        except (SafetensorError, KeyError) as error:
            raise DamagedFile(
                f"{path} is not a behaviour policy ({error}); restore it from version control"
            ) from error


def draw(logits: F32, chance: F64) -> I64:
    """Return the softmax's quantiles, (L,), for logits (L, choices)."""
    odds = np.exp((logits - logits.max(axis=1, keepdims=True)).astype(np.float64))
    heights = np.cumsum(odds, axis=1)
    within = chance[:, None] * heights[:, -1:] >= heights
    return np.asarray(within[:, :-1].sum(axis=1), dtype=np.int64)
