"""MuJoCo behaviour policies: small networks with a tanh-squashed Gaussian output, in NumPy.

A library trains a behaviour policy online (bench/behaviours/sac.py). Only the weights are kept, so a roll-out does not
need that library.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bench.core.files import DamagedFile, replacing

F32 = NDArray[np.float32]

LOG_STD_RANGE = (-20.0, 2.0)  # the clipping of Stable-Baselines3's squashed Gaussian


@dataclass(frozen=True)
class Actor:
    """A stochastic policy a = tanh(mean(s) + std(s) * noise), for actions in [-1, 1].

    Attributes:
        hidden: weight (in, out) and bias (out,) of each ReLU layer.
        mean: weight and bias of the head for the mean.
        log_std: weight and bias of the head for the logarithm of the standard deviation.
    """

    hidden: tuple[tuple[F32, F32], ...]
    mean: tuple[F32, F32]
    log_std: tuple[F32, F32]

    def act(self, observations: F32, noise: F32 | None) -> F32:
        """Return actions (N, act) for observations (N, obs).

        Args:
            observations: (N, obs).
            noise: (N, act), standard normal; None gives the mode of the policy.
        """
        # The last bits depend on the number of rows, because BLAS chooses its kernel by it. A roll-out
        # always uses the same number, so the data are reproducible.
        features = observations.astype(np.float32)
        for weight, bias in self.hidden:
            features = np.maximum(features @ weight + bias, 0)
        mean = features @ self.mean[0] + self.mean[1]
        if noise is None:
            return np.asarray(np.tanh(mean), dtype=np.float32)
        log_std = np.clip(features @ self.log_std[0] + self.log_std[1], *LOG_STD_RANGE)
        return np.asarray(np.tanh(mean + np.exp(log_std) * noise), dtype=np.float32)

    def save(self, path: Path, dtype: type[np.floating] = np.float32) -> None:
        """Write the weights as safetensors, in this type. float16 halves the size of the file."""
        tensors = {}
        for index, (weight, bias) in enumerate(self.hidden):
            tensors[f"hidden.{index}.weight"], tensors[f"hidden.{index}.bias"] = weight, bias
        tensors["mean.weight"], tensors["mean.bias"] = self.mean
        tensors["log_std.weight"], tensors["log_std.bias"] = self.log_std
        with replacing(path) as temporary:
            save_file(
                {k: np.ascontiguousarray(v.astype(dtype)) for k, v in tensors.items()}, temporary
            )

    @staticmethod
    def load(path: Path) -> Actor:
        """Read the file that `save` wrote. Weights are returned as float32.

        Raises:
            DamagedFile: the file is truncated, is not safetensors, or lacks a layer.
        """
        try:
            tensors = {k: v.astype(np.float32) for k, v in load_file(path).items()}
            layers = sum(name.startswith("hidden.") for name in tensors) // 2
            return Actor(
                hidden=tuple(
                    (tensors[f"hidden.{i}.weight"], tensors[f"hidden.{i}.bias"])
                    for i in range(layers)
                ),
                mean=(tensors["mean.weight"], tensors["mean.bias"]),
                log_std=(tensors["log_std.weight"], tensors["log_std.bias"]),
            )
        except (SafetensorError, KeyError) as error:
            raise DamagedFile(
                f"{path} is not a behaviour policy ({error}); restore it from version control"
            ) from error
