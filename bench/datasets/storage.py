"""A data set on disk: a folder of .npy files, memory-mapped read-only, with a manifest that says what
they are and their SHA-256.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
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
    replacing,
    sha256,
    write_json,
)
from bench.datasets.trajectories import ARRAYS, F64, FINAL, Trajectories
from bench.tasks.registry import TASK_FILE

FORMAT = 2  # 2: the observation after an episode's last action
MANIFEST = "manifest.json"


def save(data: Trajectories, folder: Path, about: dict[str, Any]) -> None:
    """Write a data set, in place of the one that is there.

    Args:
        data: the episodes.
        folder: where to; created.
        about: source, task, seeds, versions and whatever else the maker wants recorded.

    Raises:
        DiskFull: no space; a data set that was there is kept.
    """
    with staged(folder) as staging:
        fill(staging, data, about)


def fill(staging: Path, data: Trajectories, about: dict[str, Any]) -> None:
    """Write the files of a data set into a folder of `staged`; an array that is there already, written
    as it came, is taken as it is.

    Raises:
        DiskFull: no space.
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
    """Yield a folder for a data set's files; at the end they take the place of those in `folder`.

    Whatever fails before that leaves `folder` as it was. The old manifest goes first and the new
    one comes last, so a folder that is stopped between the two has none: it is unfinished, never a
    mixture. Files of other names stay.

    Raises:
        DiskFull: no space.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as name:
            staging = Path(name)
            yield staging
            (folder / MANIFEST).unlink(missing_ok=True)
            (folder / f"{FINAL}.npy").unlink(missing_ok=True)
            for path in sorted(staging.iterdir(), key=lambda path: path.name == MANIFEST):
                path.replace(folder / path.name)
    except OSError as error:
        if full_disk(error):
            raise DiskFull(
                errno.ENOSPC,
                f"no space left while writing {folder}: what was there is kept; free some space and start again",
            ) from error
        raise


@dataclass(frozen=True)
class _Writer:
    """Hides from NumPy that it writes to a file: its shortcut for files reports a full disk without
    the error's number.
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
    """Map a data set read-only, after checking every file against the manifest.

    Every byte is read and hashed each time, also of gigabytes of frames: that takes a second for
    each 1.3 GB on a core with SHA instructions, and a training reads those bytes anyway.

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


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a data set's manifest.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it is damaged or of another format.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise FileNotFoundError(
            f"no data set at {folder} (no {MANIFEST}): check the path, or make the data set with "
            "`bench data generate`, `fetch` or `import`"
        )
    try:
        manifest: Any = read_json(path)
    except DamagedFile as error:
        raise DamagedFile(f"{path} is damaged; {_repair(folder)}") from error
    if not intact(manifest) or manifest.get("format") != FORMAT:
        raise DamagedFile(
            f"{path} is damaged, or not a data set manifest of format {FORMAT}; {_repair(folder)}"
        )
    checked: dict[str, Any] = manifest
    return checked


def _repair(folder: Path) -> str:
    if (folder / TASK_FILE).exists():  # nothing makes a user's own data anew
        return (
            f"make task {folder.name} again from its source, with `bench data import` or "
            "`bench behaviours from-d4rl`"
        )
    return f"delete the folder {folder} and run again: it will be made anew"


def _summary(values: F64) -> dict[str, float]:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "std": float(deviation),
        "min": float(values.min()),
        "max": float(values.max()),
    }
