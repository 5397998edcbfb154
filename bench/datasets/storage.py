"""A data set on disk: a folder of .npy files, memory-mapped read-only, with a manifest that says what
they are and their SHA-256.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.trajectories import ARRAYS, F64, FINAL, Trajectories
from bench.files import DamagedFile, digest, intact, read_json, replacing, sha256, write_json

FORMAT = 2  # 2: the observation after an episode's last action
MANIFEST = "manifest.json"


def save(data: Trajectories, folder: Path, about: dict[str, Any]) -> None:
    """Write a data set; the manifest comes last, so a folder without one is unfinished.

    Args:
        data: the episodes.
        folder: where to; created.
        about: source, task, seeds, versions and whatever else the maker wants recorded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    arrays = {}
    (folder / f"{FINAL}.npy").unlink(missing_ok=True)
    for name in (*ARRAYS, FINAL):
        if (array := getattr(data, name)) is None:
            continue
        with replacing(folder / f"{name}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        arrays[name] = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": sha256(folder / f"{name}.npy"),
        }
    returns, lengths = data.returns, data.lengths
    manifest = {
        "format": FORMAT,
        **about,
        "arrays": arrays,
        "action_range": [data.action_low, data.action_high],
        "observation_mean": [float(x) for x in data.observation_mean],
        "observation_std": [float(x) for x in data.observation_std],
        "episodes": data.episodes,
        "steps": data.steps,
        "terminals": int(data.terminals.sum()),
        "timeouts": int(data.timeouts.sum()),
        "return": _summary(returns),
        "length": _summary(lengths.astype(np.float64)),
        "returns": [round(float(r), 4) for r in returns],
        "lengths": [int(n) for n in lengths],
    }
    write_json(folder / MANIFEST, manifest | {"digest": digest(manifest)})


def load(folder: Path) -> Trajectories:
    """Map a data set read-only, after checking every file against the manifest.

    Raises:
        FileNotFoundError: no manifest: the data set does not exist or was never finished.
        DamagedFile: a file is missing, truncated or changed.
    """
    manifest = read_manifest(folder)
    arrays = {}
    for name, expected in manifest["arrays"].items():
        path = folder / f"{name}.npy"
        if not path.exists():
            raise DamagedFile(f"{path} is missing; {_repair(folder)}")
        if sha256(path) != expected["sha256"]:
            raise DamagedFile(
                f"{path} is damaged (its SHA-256 is not the manifest's); {_repair(folder)}"
            )
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    ends = np.flatnonzero(np.asarray(arrays["terminals"]) | np.asarray(arrays["timeouts"])) + 1
    return Trajectories(
        **arrays,
        bounds=np.concatenate([[0], ends]).astype(np.int64),
        observation_mean=np.array(manifest["observation_mean"], dtype=np.float32),
        observation_std=np.array(manifest["observation_std"], dtype=np.float32),
        action_low=float(manifest["action_range"][0]),
        action_high=float(manifest["action_range"][1]),
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a data set's manifest.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it is damaged or of another format.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"no data set at {folder} (no {MANIFEST}); {_repair(folder)}")
    manifest: Any = read_json(path)
    if not intact(manifest) or manifest.get("format") != FORMAT:
        raise DamagedFile(
            f"{path} is damaged, or not a data set manifest of format {FORMAT}; {_repair(folder)}"
        )
    checked: dict[str, Any] = manifest
    return checked


def _repair(folder: Path) -> str:
    return f"delete the folder {folder} and run again: it will be made anew"


def _summary(values: F64) -> dict[str, float]:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "std": float(deviation),
        "min": float(values.min()),
        "max": float(values.max()),
    }
