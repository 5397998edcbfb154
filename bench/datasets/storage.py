"""Data sets on disk. A data set is a folder of .npy files, which are memory-mapped read-only, and a manifest
that describes them and holds their SHA-256.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import (
    DamagedFile,
    DiskFull,
    digest,
    full_disk,
    intact,
    read_json,
    refuse_special,
    replacing,
    sha256,
    temporary_folder,
    write_json,
)
from bench.datasets.manifest import BadManifest, check_manifest
from bench.datasets.npy import BadHeader, read_header
from bench.datasets.trajectories import ARRAYS, F64, FINAL, Trajectories
from bench.tasks.registry import TASK_FILE

FORMAT = 2  # since 2, with the observation after the last action of each episode
MANIFEST = "manifest.json"


def save(data: Trajectories, folder: Path, about: dict[str, Any]) -> None:
    """Write a data set to disk. It replaces an existing data set.

    Args:
        data: the episodes.
        folder: the folder of the data set; it is created.
        about: entries for the manifest, such as source, task, seeds and versions.

    Raises:
        DiskFull: the file system has no space left. An existing data set is kept.
    """
    with staged(folder) as staging:
        fill(staging, data, about)


def fill(staging: Path, data: Trajectories, about: dict[str, Any]) -> None:
    """Write the files of a data set into a folder of `staged`. An array whose file already exists there is not
    written again.

    Raises:
        DiskFull: the file system has no space left.
    """
    arrays = {}
    for name in (*ARRAYS, FINAL):
        if (array := getattr(data, name)) is None:
            continue
        if name == "observations" and data.frame_index is not None:
            array = array[data.frame_index]
        path = staging / f"{name}.npy"
        if not path.exists():
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.save(_Writer(file.write), array, allow_pickle=False)
        arrays[name] = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": sha256(path),
        }
    manifest = _manifest(data, arrays, about)
    write_json(staging / MANIFEST, manifest | {"digest": digest(manifest)})


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder for the files of a data set. At the end, they replace the files in `folder`.

    If an error occurs before that, `folder` stays unchanged. The old manifest is removed first, and the new one
    is moved last. If the process stops between the two, the folder has no manifest: it is unfinished, not a
    mixture of two data sets. Files with other names stay.

    Raises:
        DiskFull: the file system has no space left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with temporary_folder(folder, ".new-") as staging:
            yield staging
            (folder / MANIFEST).unlink(missing_ok=True)
            (folder / f"{FINAL}.npy").unlink(missing_ok=True)
            for path in sorted(staging.iterdir(), key=lambda path: path.name == MANIFEST):
                path.replace(folder / path.name)
    except OSError as error:
        if full_disk(error):
            raise DiskFull(
                errno.ENOSPC,
                f"no space left while writing {folder}: an existing data set is kept; free some space and start again",
            ) from error
        raise


@dataclass(frozen=True)
class _Writer:
    """Hide from NumPy that it writes to a file. NumPy's fast path for files reports a full disk without the
    error number.
    """

    write: Callable[[bytes], int]


def _manifest(data: Trajectories, arrays: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    returns, lengths = data.returns, data.lengths
    video: dict[str, Any] = {} if data.stack == 1 else {"stack": data.stack}
    if data.scores is not None:
        video |= {"score": _summary(data.scores), "scores": data.scores.tolist()}
    return {
        "format": FORMAT,
        **about,
        "arrays": arrays,
        "action_range": [data.action_low, data.action_high],
        "observation_mean": [float(x) for x in data.observation_mean.ravel()],
        "observation_std": [float(x) for x in data.observation_std.ravel()],
        "episodes": data.episodes,
        "steps": data.steps,
        "terminals": int(data.terminals.sum()),
        "timeouts": int(data.timeouts.sum()),
        "return": _summary(returns),
        "length": _summary(lengths.astype(np.float64)),
        "returns": [round(float(r), 4) for r in returns],
        "lengths": [int(n) for n in lengths],
        **video,
    }


def load(folder: Path) -> Trajectories:
    """Check every file of a data set against the manifest, and map the data set read-only.

    Every byte is read and hashed each time. That takes one second for each 1.3 GB on a core with SHA
    instructions, and a training reads these bytes anyway.

    Raises:
        FileNotFoundError: there is no manifest. The data set does not exist or is unfinished.
        DamagedFile: a file is missing, truncated or changed, or is not an array of a data set.
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
        arrays[name] = _mapped(path, expected)
    ends = np.flatnonzero(np.asarray(arrays["terminals"]) | np.asarray(arrays["timeouts"])) + 1
    stack, scores = manifest.get("stack", 1), manifest.get("scores")
    shape = arrays["observations"].shape[1:] if stack == 1 else (1, 1, 1)
    mean, std = (
        np.array(manifest[key], dtype=np.float32).reshape(shape)
        for key in ("observation_mean", "observation_std")
    )
    return Trajectories(
        **arrays,
        episode_starts=np.concatenate([[0], ends]).astype(np.int64),
        observation_mean=mean,
        observation_std=std,
        action_low=float(manifest["action_range"][0]),
        action_high=float(manifest["action_range"][1]),
        stack=stack,
        scores=None if scores is None else np.array(scores, dtype=np.float64),
    )


def _mapped(path: Path, expected: dict[str, Any]) -> Any:
    """Return an array, mapped read-only, if it is as the manifest says."""
    try:
        with path.open("rb") as file:
            header = read_header(file)
            size = file.tell() + header.bytes
        if [list(header.shape), str(header.dtype)] != [expected["shape"], expected["dtype"]]:
            raise BadHeader(f"it holds {header.shape} {header.dtype}")
        if size != path.stat().st_size:
            raise BadHeader(f"it has {path.stat().st_size:,} bytes, expected {size:,}")
    except (BadHeader, EOFError) as error:
        raise DamagedFile(
            f"{path} is not the array that the manifest describes ({error}); {_repair(path.parent)}"
        ) from error
    return np.load(path, mmap_mode="r", allow_pickle=False)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a data set.

    Raises:
        FileNotFoundError: there is no manifest.
        DamagedFile: the manifest is damaged, has another format, or names something else than the arrays of a data
            set.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise FileNotFoundError(
            f"no data set at {folder} (no {MANIFEST}): check the path, or make the data set with "
            "`bench data generate`, `fetch` or `import`"
        )
    refuse_special(path)
    try:
        manifest: Any = read_json(path)
    except DamagedFile as error:
        raise DamagedFile(f"{path} is damaged; {_repair(folder)}") from error
    if not intact(manifest) or manifest.get("format") != FORMAT:
        raise DamagedFile(
            f"{path} is damaged, or not a data set manifest of format {FORMAT}; {_repair(folder)}"
        )
    checked: dict[str, Any] = manifest
    try:
        check_manifest(checked)
    except BadManifest as error:
        raise DamagedFile(f"{path} cannot be used: {error}; {_repair(folder)}") from error
    return checked


def _repair(folder: Path) -> str:
    if (folder / TASK_FILE).exists():  # the workflow cannot make imported data again
        return (
            f"make task {folder.name} again from its source, with `bench data import` or "
            "`bench behaviours from-d4rl`"
        )
    return f"delete the folder {folder} and run again: the data set will be made again"


def _summary(values: F64) -> dict[str, float]:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "std": float(deviation),
        "min": float(values.min()),
        "max": float(values.max()),
    }
