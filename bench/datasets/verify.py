"""Check a data set: its files against its manifest, and every number of the manifest against the files."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.build import pixel_range
from bench.datasets.consistency import check
from bench.datasets.trajectories import F32, F64, Trajectories

ROUNDING = 1e-4  # of the numbers in a manifest, relative or absolute


def verify(folder: Path) -> Trajectories:
    """Return the data set in a folder, after a check of every byte and every number.

    The manifest has a digest, so a changed manifest is refused when it is read. This also finds a manifest that was
    written with another number and a valid digest.

    Raises:
        FileNotFoundError: there is no manifest.
        DamagedFile: a file is missing, truncated or changed, or the manifest does not describe the files.
        ValueError: no method can learn from the data.
    """
    data, manifest = storage.load(folder), storage.read_manifest(folder)
    check(data, str(folder))
    for key, expected in _described(data).items():
        if key not in manifest or not _equal(manifest[key], expected):
            raise DamagedFile(
                f"{folder / storage.MANIFEST}: its {key} is not that of the arrays; make the data set again"
            )
    return data


def _described(data: Trajectories) -> dict[str, Any]:
    """Return the entries of a manifest that follow from the arrays."""
    mean, std = _statistics(data)
    found: dict[str, Any] = {
        "observation_mean": mean.ravel().tolist(),
        "observation_std": std.ravel().tolist(),
        "episodes": data.episodes,
        "steps": data.steps,
        "terminals": int(data.terminals.sum()),
        "timeouts": int(data.timeouts.sum()),
        "return": _summary(data.returns),
        "length": _summary(data.lengths.astype(np.float64)),
        "returns": data.returns.tolist(),
        "lengths": data.lengths.tolist(),
    }
    names = ("observations", "actions", "rewards", "terminals", "timeouts", "final_observations")
    arrays = {name: getattr(data, name) for name in names}
    found["arrays"] = {
        name: {"shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in arrays.items()
        if array is not None
    }
    if not data.discrete:
        found["action_range"] = [-1.0, 1.0]  # in which every policy acts
    if data.scores is not None:
        found["score"] = _summary(data.scores)
    return found


def _statistics(data: Trajectories) -> tuple[F32, F32]:
    """Return the mean and the std of each entry of an observation; of frames, the range of bytes."""
    if data.stack > 1:
        return pixel_range()
    seen = data.observations
    return (
        seen.mean(axis=0, dtype=np.float64).astype(np.float32),
        seen.std(axis=0, dtype=np.float64).astype(np.float32),
    )


def _summary(values: F64) -> dict[str, float]:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    ends = {"min": float(values.min()), "max": float(values.max())}
    return {"mean": float(values.mean()), "std": float(deviation), **ends}


def _equal(written: Any, found: Any) -> bool:
    """Return whether an entry of a manifest holds what was found, up to rounding. It may hold more."""
    if isinstance(found, dict):
        return isinstance(written, dict) and all(
            key in written and _equal(written[key], value) for key, value in found.items()
        )
    if isinstance(found, list):
        same = isinstance(written, list) and len(written) == len(found)
        return same and all(map(_equal, written, found))
    if isinstance(found, float):
        number = isinstance(written, int | float)
        return number and math.isclose(written, found, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return bool(written == found)
