"""Write episodes with images to disk one by one. A data set may have gigabytes, but memory holds only one
episode.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from bench.core.files import DiskFull
from bench.datasets import storage
from bench.datasets.build import pixel_range
from bench.datasets.consistency import check
from bench.datasets.frames import I64, U8
from bench.datasets.trajectories import F32, Trajectories


@dataclass(frozen=True)
class Video:
    """An episode of T steps with images.

    Attributes:
        frames: (T, H, W) uint8, the newest frame before each action.
        actions: (T,) int64.
        rewards: (T,) float32.
        terminal: whether the episode terminated. Otherwise the time limit ended it.
        final: (H, W), the frame after the last action; None if the source does not have it.
        score: the game score; None if the source does not have it.
    """

    frames: U8
    actions: I64
    rewards: F32
    terminal: bool
    final: U8 | None
    score: float | None


def record(
    episodes: Iterable[Video],
    folder: Path,
    about: Callable[[], dict[str, Any]],
    *,
    stack: int,
    n_actions: int,
) -> Trajectories:
    """Write a data set to disk while its episodes are produced. It replaces an existing data set.

    Args:
        episodes: at least one. Either all or none have a final frame; the same holds for the score.
        folder: the folder of the data set; it is created. Its files change only after all episodes are
            written.
        about: called after the last episode, for the manifest; see `storage.save`.
        stack: number of frames of an observation.
        n_actions: number of actions of the environment.

    Returns:
        The data set, memory-mapped.

    Raises:
        ValueError: there is no episode, or the check of `bench.datasets.consistency.check` fails.
        DiskFull: the file system has no space left. An existing data set is kept.
    """
    with storage.staged(folder) as staging:
        path = staging / "observations.npy"
        rest: list[Video] = []
        with path.open("wb") as file:
            for episode in episodes:
                if not rest:
                    _header(file, 0, episode.frames)
                file.write(np.ascontiguousarray(episode.frames).data)
                rest.append(replace(episode, frames=episode.frames[:0].copy()))
            if not rest:
                raise ValueError(
                    f"{folder}: there are no episodes, so there is no data set to write"
                )
            file.seek(0)
            _header(file, sum(len(episode.rewards) for episode in rest), rest[0].frames)
            file.flush()
            os.fsync(file.fileno())
        data = _trajectories(
            np.load(path, mmap_mode="r", allow_pickle=False), rest, stack, n_actions
        )
        check(data, str(folder))
        storage.fill(staging, data, about())
    return storage.load(folder)


def refuse_without_space(folder: Path, steps: int, frame: int) -> None:
    """Refuse to start if the frames of a data set do not fit on the disk.

    Args:
        folder: the folder of the data set.
        steps: number of frames.
        frame: bytes of one frame.

    Raises:
        DiskFull: the free space is too small.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if (free := shutil.disk_usage(there).free) < steps * frame:
        raise DiskFull(
            28,
            f"{folder} needs {steps * frame:,} bytes, but {free:,} are free; free some space, or choose fewer steps",
        )


def _header(file: IO[bytes], rows: int, frames: U8) -> None:
    """Write the header of a .npy file. Its length does not depend on the number of rows."""
    shape = (rows, *frames.shape[1:])
    description = npy.dtype_to_descr(frames.dtype)
    npy.write_array_header_1_0(file, {"descr": description, "fortran_order": False, "shape": shape})


def _trajectories(frames: U8, episodes: list[Video], stack: int, n_actions: int) -> Trajectories:
    episode_starts = np.cumsum([0, *(len(episode.rewards) for episode in episodes)]).astype(
        np.int64
    )
    terminal = np.array([episode.terminal for episode in episodes])
    ends = np.zeros((2, episode_starts[-1]), dtype=np.bool_)
    ends[0, episode_starts[1:][terminal] - 1] = True
    ends[1, episode_starts[1:][~terminal] - 1] = True
    mean, std = pixel_range()
    final = [episode.final for episode in episodes if episode.final is not None]
    scored = [episode.score for episode in episodes if episode.score is not None]
    return Trajectories(
        observations=frames,
        actions=np.concatenate([episode.actions for episode in episodes]).astype(np.int64),
        rewards=np.concatenate([episode.rewards for episode in episodes]).astype(np.float32),
        terminals=ends[0],
        timeouts=ends[1],
        episode_starts=episode_starts,
        observation_mean=mean,
        observation_std=std,
        action_low=0.0,
        action_high=float(n_actions - 1),
        final_observations=np.stack(final) if final else None,
        stack=stack,
        scores=np.array(scored, dtype=np.float64) if scored else None,
    )
