"""Write episodes of video to disk one by one: of a set of gigabytes, memory holds an episode."""

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
    """An episode of T steps.

    Attributes:
        frames: (T, H, W) uint8, the newest frame of what was seen before each action.
        actions: (T,) int64.
        rewards: (T,) float32.
        terminal: it ended for good; otherwise the time limit ended it.
        final: (H, W), the frame after the last action; None where the source does not say.
        score: of the game; None where the source does not say.
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
    """Write a data set while its episodes come, in place of the one that is there.

    Args:
        episodes: at least one. All have a final frame, or none does; likewise a score.
        folder: where to; created. Until all is written, nothing in it changes.
        about: called after the last episode; see `storage.save`.
        stack: frames of an observation.
        n_actions: actions that the environment takes.

    Returns:
        The data set, mapped.

    Raises:
        ValueError: no episode came, or `Trajectories.check` objects.
        DiskFull: no space; a data set that was there is kept.
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
                raise ValueError(f"{folder}: no episode came, so there is no data set to write")
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
    """Refuse to begin what cannot be finished.

    Args:
        folder: where the frames are to go.
        steps: how many frames.
        frame: bytes of one.

    Raises:
        DiskFull: fewer bytes are free.
    """
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if (free := shutil.disk_usage(there).free) < steps * frame:
        raise DiskFull(
            28,
            f"{folder} will take {steps * frame:,} bytes, {free:,} are free; free some space, or "
            "ask for fewer steps",
        )


def _header(file: IO[bytes], rows: int, frames: U8) -> None:
    """Write the beginning of a .npy file; it is as long for any number of rows."""
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
