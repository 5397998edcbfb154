"""The nine MuJoCo -v2 files that D4RL publishes: their addresses, their SHA-256, and published facts about their
content.
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

from bench.core.files import DamagedFile, sha256
from bench.datasets import storage
from bench.datasets.readers import d4rl, hdf5
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.download import fetch
from bench.datasets.readers.remarks import Remarks
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import Task

HERE = Path(__file__).parent
WAY_OUT = "delete it and fetch it again, or `bench data import` it as data of your own"
TOLERANCE = 0.02  # standard deviations; the published statistics agree with each other within 0.013


@dataclass(frozen=True)
class D4rlFile:
    """One published file.

    Attributes:
        task: the name of the task here.
        file: the name of the file.
        urls: the address on D4RL's server, then that of a mirror.
        bytes: the size.
        sha256: the SHA-256 of its bytes. D4RL once replaced files under the same names, so a name does not
            identify the content.
        episodes: the number that TensorFlow Datasets counts. It includes an unfinished episode at the end.
        statistics: published numbers about whole episodes: the steps, and the mean, std, min and max of the
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
    """Return task -> its -v2 file. The sums are those of TFDS (d4rl_mujoco_*/checksums.tsv)."""
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
    """Return task -> the `mean` and `std` of the observations that d3rlpy's runs used, as published."""
    published: Any = json.loads((HERE / "d4rl_statistics.json").read_text(encoding="utf-8"))
    tasks: dict[str, dict[str, list[float]]] = published["tasks"]
    return tasks


def file_of(task: Task) -> D4rlFile:
    """Return the file of a task.

    Raises:
        ValueError: D4RL has no file for the task.
    """
    if task.name not in files():
        raise ValueError(f"D4RL has no data for {task.name!r}; it has {', '.join(files())}")
    return files()[task.name]


def cache_folder() -> Path:
    """Return the folder in which D4RL keeps its downloads: $D4RL_DATASET_DIR, or ~/.d4rl/datasets."""
    return Path(os.environ.get("D4RL_DATASET_DIR") or Path.home() / ".d4rl" / "datasets")


def obtain(task: Task, out: Path, file: Path | None = None) -> list[str]:
    """Make the data set of a task from D4RL's file. The file is downloaded once.

    Three things are checked: first the size and the SHA-256, then the published counts and returns, then the
    published statistics of the observations.

    Args:
        task: one of `files()`.
        out: folder of the data set.
        file: a copy of the file. Without it, the file in D4RL's cache folder is used, and fetched if it is
            missing.

    Returns:
        One line for each check.

    Raises:
        ValueError: D4RL has no data for the task.
        DownloadFailed: the file cannot be fetched.
        DamagedFile: the bytes are not the published ones.
        WrongData: the content differs from the published facts.
    """
    expected = file_of(task)
    path = file or cache_folder() / expected.file
    if file is None and not path.exists():
        fetch(expected.urls, path, size=expected.bytes, digest=expected.sha256)
    verify_file(path, expected)
    remarks = Remarks()
    data = d4rl.read(path, task.domain, remarks=remarks)
    lines = verify_content(data, expected, observation_statistics()[task.name])
    storage.save(
        data,
        out,
        {
            "source": "d4rl",
            "task": task.name,
            "environment": task.domain.environment,
            "origin": {"file": expected.file, "file_sha256": expected.sha256} | remarks.record(),
        },
    )
    return [f"file: {expected.file}, SHA-256 as published", *lines, *remarks.lines()]


def verify_file(path: Path, expected: D4rlFile) -> None:
    """Refuse a file whose bytes differ from the published file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the size or the SHA-256 differs.
    """
    hdf5.refuse_other_files(path)
    if (size := path.stat().st_size) != expected.bytes:
        what = "truncated" if size < expected.bytes else "another file"
        raise DamagedFile(
            f"{path} has {size:,} bytes, but {expected.file} has {expected.bytes:,}: it is {what}; {WAY_OUT}"
        )
    if (found := sha256(path)) != expected.sha256:
        raise DamagedFile(
            f"{path} has SHA-256 {found}, but {expected.file} has {expected.sha256}: "
            f"it is damaged or another version; {WAY_OUT}"
        )


def verify_content(
    data: Trajectories, expected: D4rlFile, published: dict[str, list[float]]
) -> list[str]:
    """Compare the data with published facts about the same file.

    Returns:
        One line for each fact that agrees.

    Raises:
        WrongData: a fact differs.
    """
    lines = []
    if expected.episodes - data.episodes not in (0, 1):  # TFDS counts an unfinished last episode
        raise WrongData(
            f"{expected.file}: it has {data.episodes:,} whole episodes, but the published number is "
            f"{expected.episodes:,}"
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
            raise WrongData(
                f"{expected.file}: {name} is {value:,.3f}, but the published value is {known:,.3f}"
            )
        lines.append(f"{name}: {value:,.3f} as published")
    worst = compare_observations(data, published)
    if worst > TOLERANCE:
        raise WrongData(
            f"{expected.file}: the mean or the std of the observations differs from the published one by {worst:.3f} "
            f"standard deviations; at most {TOLERANCE} is expected"
        )
    return [*lines, f"observations: mean and std within {worst:.4f} std of the published"]


def compare_observations(data: Trajectories, published: dict[str, Sequence[float]] | Any) -> float:
    """Return the largest difference in the mean or the std, in units of the published std."""
    mean, std = np.array(published["mean"]), np.array(published["std"])
    if mean.shape != data.observation_mean.shape:
        return float("inf")
    differences = np.abs([data.observation_mean - mean, data.observation_std - std]) / std
    return float(differences.max())
