"""Episodes in the layout of D4RL's -v2 files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

Arrays = dict[str, Any]


def arrays(lengths: list[int], ends: str, *, dims: tuple[int, int] = (11, 3)) -> Arrays:
    """Return episodes of these lengths in the -v2 layout; `ends` has a letter each: t for a
    terminal, o for out of time.
    """
    steps, random = sum(lengths), np.random.default_rng(0)
    last = np.cumsum(lengths) - 1
    flags = np.zeros((2, steps), dtype=bool)
    for index, end in zip(last, ends, strict=True):
        flags["to".index(end), index] = True
    observations = random.normal(size=(steps, dims[0])).astype(np.float32)
    following = np.concatenate([observations[1:], observations[:1]])
    following[last] = observations[last] + 1
    return {
        "observations": observations,
        "next_observations": following,
        "actions": random.uniform(-1, 1, size=(steps, dims[1])).astype(np.float32),
        "rewards": random.normal(size=steps).astype(np.float32),
        "terminals": flags[0],
        "timeouts": flags[1],
    }


def write(path: Path, content: Arrays) -> Path:
    """Write arrays and what else such a file holds, and return the path."""
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file.create_dataset(name, data=values, compression="gzip")
        steps = len(content["rewards"])
        file.create_dataset("infos/qpos", data=np.zeros((steps, 6)), compression="gzip")
        file.create_dataset("infos/action_log_probs", data=np.zeros(steps))
        file.create_dataset("metadata/algorithm", data=np.bytes_("SAC"))
        file.create_dataset("metadata/iteration", data=np.int32(3000))
    return path
