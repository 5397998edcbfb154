"""D4RL's MuJoCo files (Fu et al. 2020): the registry of the nine -v2 files, and a reader for the -v0
and -v2 layouts.

Without `timeouts` (-v0) an episode ends at a terminal or after the horizon. The unfinished
trajectory at the end of a file is dropped, as the paper's own converter does.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.trajectories import Trajectories, from_arrays
from bench.files import DamagedFile, sha256
from bench.tasks import Domain, Task

HERE = Path(__file__).parent
NEEDED = ("observations", "actions", "rewards", "terminals")
SIGNATURE = b"\x89HDF\r\n\x1a\n"
TOLERANCE = 0.02  # of a standard deviation; the published statistics agree with each other to 0.013


class WrongData(ValueError):
    """A file is not the data set it is said to be. The message names what differs."""


@dataclass(frozen=True)
class D4rlFile:
    """One published file.

    Attributes:
        task: our name of it.
        file: its name.
        urls: D4RL's server, then a mirror.
        bytes: size.
        sha256: of its bytes; files were once replaced in place, so the name alone says little.
        episodes: counted by TensorFlow Datasets, a trailing unfinished one included.
        statistics: published steps in whole episodes and the mean, std, min and max of their
            returns; empty for medium-expert.
    """

    task: str
    file: str
    urls: tuple[str, str]
    bytes: int
    sha256: str
    episodes: int
    statistics: dict[str, float]


@cache
def files() -> dict[str, D4rlFile]:
    """Return task -> its -v2 file (TFDS d4rl_mujoco_*/checksums.tsv)."""
    with (HERE / "d4rl_files.csv").open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    numbers = ("steps", "return_mean", "return_std", "return_min", "return_max")
    return {
        row["task"]: D4rlFile(
            task=row["task"],
            file=row["file"],
            urls=(row["url"], row["mirror"]),
            bytes=int(row["bytes"]),
            sha256=row["sha256"],
            episodes=int(row["episodes"]),
            statistics={name: float(row[name]) for name in numbers if row[name]},
        )
        for row in rows
    }


@cache
def observation_statistics() -> dict[str, dict[str, list[float]]]:
    """Return task -> published `mean` and `std` of the observations, as used by d3rlpy's runs."""
    published: Any = json.loads((HERE / "d4rl_statistics.json").read_text(encoding="utf-8"))
    tasks: dict[str, dict[str, list[float]]] = published["tasks"]
    return tasks


def file_of(task: Task) -> D4rlFile:
    """Return the file of a task.

    Raises:
        ValueError: D4RL has none.
    """
    if task.name not in files():
        raise ValueError(f"D4RL has no data for {task.name!r}; it has {', '.join(files())}")
    return files()[task.name]


def cache_folder() -> Path:
    """Return where D4RL itself keeps downloads: $D4RL_DATASET_DIR, or ~/.d4rl/datasets."""
    return Path(os.environ.get("D4RL_DATASET_DIR") or Path.home() / ".d4rl" / "datasets")


def read(path: Path, domain: Domain) -> Trajectories:
    """Read an HDF5 file in D4RL's layout.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is truncated, or not HDF5 (a web page, say).
        WrongData: an array is missing or does not fit the others or the environment.
    """
    import h5py

    _refuse_other_files(path)
    try:
        with h5py.File(path, "r") as file:
            missing = [name for name in NEEDED if name not in file]
            if missing:
                raise WrongData(
                    f"{path} has no {', '.join(missing)}; D4RL's layout needs {', '.join(NEEDED)}. "
                    f"It has: {', '.join(file)}"
                )
            arrays = {name: file[name][()] for name in (*NEEDED, "timeouts") if name in file}
    except OSError as error:
        raise DamagedFile(f"{path} is damaged or truncated ({error}); fetch it again") from error
    return from_flat(arrays, domain, str(path))


def from_flat(arrays: dict[str, NDArray[Any]], domain: Domain, name: str) -> Trajectories:
    """Cut flat arrays in D4RL's layout into the whole episodes of a domain's environment.

    Args:
        arrays: `observations` (N, obs), `actions` (N, act), `rewards`, `terminals` (N,) and, where
            there is one, `timeouts` (N,).
        domain: gives the environment, whose spaces must fit, and the horizon.
        name: starts every message.

    Raises:
        WrongData: a shape, a value, or the bounds of the episodes are wrong.
    """
    arrays = {
        key: values[:, 0]
        if key in ("rewards", "terminals", "timeouts")
        and np.ndim(values) == 2
        and values.shape[1] == 1
        else values
        for key, values in arrays.items()
    }
    low, high = fit(name, domain, arrays["observations"], arrays["actions"])
    terminals = np.asarray(arrays["terminals"]).astype(np.bool_)
    try:
        if "timeouts" in arrays:
            timeouts = np.asarray(arrays["timeouts"]).astype(np.bool_) & ~terminals
        else:
            timeouts = counted_timeouts(terminals, domain.horizon)
        data = from_arrays(
            arrays["observations"],
            arrays["actions"],
            arrays["rewards"],
            terminals,
            timeouts,
            action_range=(low, high),
        )
    except ValueError as error:
        raise WrongData(f"{name}: {error}") from error
    if (longest := int(data.lengths.max())) > domain.horizon:
        episode = int(data.lengths.argmax())
        raise WrongData(
            f"{name}: episode {episode} has {longest:,} steps, more than the {domain.horizon:,} of "
            f"{domain.environment}: its end is not marked"
        )
    return data


def counted_timeouts(terminals: NDArray[np.bool_], horizon: int) -> NDArray[np.bool_]:
    """Return the time-outs that data without them imply: every `horizon` steps after the last end."""
    timeouts = np.zeros_like(terminals)
    start = 0
    for end in [*np.flatnonzero(terminals).tolist(), len(terminals)]:
        timeouts[start + horizon - 1 : end : horizon] = True
        start = end + 1
    return timeouts


def fit(
    name: str, domain: Domain, observations: NDArray[Any], actions: NDArray[Any]
) -> tuple[float, float]:
    """Check shapes against the environment's spaces and return its range of actions.

    Raises:
        WrongData: they do not fit.
    """
    from bench.environments import make

    environment = make(domain.environment)
    try:
        spaces = environment.observation_space, environment.action_space
    finally:
        environment.close()
    for what, array, space in zip(
        ("observations", "actions"), (observations, actions), spaces, strict=True
    ):
        if np.ndim(array) != 2 or np.shape(array)[1:] != space.shape:
            raise WrongData(
                f"{name}: {what} have shape {np.shape(array)}, but those of {domain.environment} "
                f"need (steps, {space.shape[0]})"
            )
    return float(spaces[1].low.min()), float(spaces[1].high.max())


def verify_file(path: Path, expected: D4rlFile) -> None:
    """Refuse a file that is not byte for byte the published one.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: size or SHA-256 differ.
    """
    _refuse_other_files(path)
    if (size := path.stat().st_size) != expected.bytes:
        what = "truncated" if size < expected.bytes else "another file"
        raise DamagedFile(
            f"{path} has {size:,} bytes, {expected.file} has {expected.bytes:,}: it is {what}; fetch it again"
        )
    if (found := sha256(path)) != expected.sha256:
        raise DamagedFile(
            f"{path} has SHA-256 {found}, {expected.file} has {expected.sha256}: it is damaged or another version"
        )


def verify_content(
    data: Trajectories, expected: D4rlFile, published: dict[str, list[float]]
) -> list[str]:
    """Compare what was read with what others published about the same file.

    Returns:
        One line for each agreement, to be logged.

    Raises:
        WrongData: something differs.
    """
    lines = []
    if expected.episodes - data.episodes not in (0, 1):  # TFDS counts a trailing partial episode
        raise WrongData(
            f"{expected.file}: {data.episodes:,} whole episodes were read, {expected.episodes:,} are published"
        )
    lines.append(f"episodes: {data.episodes:,} whole, {expected.episodes:,} published")
    ours = {
        "steps": float(data.steps),
        "return_mean": float(data.returns.mean()),
        "return_max": float(data.returns.max()),
        "return_min": float(data.returns.min()),
    }
    for name, value in ours.items():
        known = expected.statistics.get(name)
        if known is None:
            continue
        if abs(value - known) > max(0.01, 1e-5 * abs(known)):
            raise WrongData(f"{expected.file}: {name} is {value:,.3f}, published is {known:,.3f}")
        lines.append(f"{name}: {value:,.3f} as published")
    worst = compare_observations(data, published)
    if worst > TOLERANCE:
        raise WrongData(
            f"{expected.file}: mean or std of the observations differ by {worst:.3f} of a standard "
            f"deviation from the published ones; at most {TOLERANCE} is expected"
        )
    return [*lines, f"observations: mean and std within {worst:.4f} std of the published"]


def compare_observations(data: Trajectories, published: dict[str, Sequence[float]] | Any) -> float:
    """Return the largest difference in mean or std, in units of the published std."""
    mean, std = np.array(published["mean"]), np.array(published["std"])
    if mean.shape != data.observation_mean.shape:
        return float("inf")
    differences = np.abs([data.observation_mean - mean, data.observation_std - std]) / std
    return float(differences.max())


def _refuse_other_files(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(f"no file {path}")
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(SIGNATURE):
        return
    page = start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))
    what = "a web page, as servers send in place of a file" if page else "not an HDF5 file"
    raise DamagedFile(f"{path} is {what}; delete it and fetch it again")
