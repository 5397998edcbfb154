"""Read the logs of Dopamine's replay buffer. They are gzipped .npy files. The files are decompressed as a stream, so
memory holds only one episode of the seven gigabytes of frames.

The format is that of google/dopamine dopamine/replay_memory/circular_replay_buffer.py; the logs are written by
google-research/batch_rl batch_rl/baselines/replay_memory/logged_replay_buffer.py:

- Log N has six files. `$store$_observation_ckpt.N.gz` has a row for each step, and so have the files for action,
  reward and terminal. `add_count_ckpt.N.gz` holds the number of rows written so far. `invalid_range_ckpt.N.gz`
  holds the rows around the cursor, which is the place of the next row.
- A row holds the frame before the action. The frame after the last action of an episode is missing.
- Three rows of zeros come before each episode, so that no stack of four frames shows two episodes.
- A log is saved before its last rows are written. Rows from the cursor on are those of the previous log; in the
  first log they are uninitialised memory. (If a game begins exactly there, there is no such row.)
- An episode continues from one log to the next. A log therefore begins and ends with a part of an episode.
- The end of an episode by the time limit is marked as a terminal too.
"""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bench.core.files import DamagedFile
from bench.datasets.frames import U8
from bench.datasets.readers.checks import WrongData, flags
from bench.datasets.trajectories import F32, I64, Bools

SIDE = 84  # pixels
PADDING = 3  # the largest number of rows of zeros before an episode
FRAMES = "$store$_observation"
FORM: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    FRAMES: (np.uint8, (SIDE, SIDE)),
    "$store$_action": (np.int32, ()),
    "$store$_reward": (np.float32, ()),
    "$store$_terminal": (np.uint8, ()),
}
COUNTS = ("add_count", "invalid_range")

Files = Callable[[str], Path | None]  # name -> the file, or None if there is no such file


@dataclass(frozen=True)
class Log:
    """The first R rows of a log, without the frames.

    Attributes:
        actions: (R,) int64.
        rewards: (R,) float32, in [-1, 1].
        terminals: (R,) bool.
    """

    actions: I64
    rewards: F32
    terminals: Bools

    @property
    def rows(self) -> int:
        """Return the number of rows R."""
        return len(self.rewards)


def file_name(element: str, number: int) -> str:
    """Return the name of a file of a log, such as `$store$_action_ckpt.7.gz`."""
    return f"{element}_ckpt.{number}.gz"


def read(files: Files, number: int, rows: int) -> Log:
    """Read the first rows of a log, without the frames. Rows from the cursor on are left out.

    Args:
        files: finds a file by its name.
        number: the number of the log.
        rows: the largest number of rows.

    Raises:
        FileNotFoundError: a file of the log is missing.
        DamagedFile: a file is truncated, or is not a gzipped .npy file.
        WrongData: a shape, a type or a value is not that of a log, or the files belong to different logs.
    """
    paths = {name: present(files, name, number) for name in (*FORM, *COUNTS) if name != FRAMES}
    written, around = (_whole(paths[name]) for name in COUNTS)
    (actions, capacity), (rewards, second), (terminals, third) = (
        head(paths[element], element, rows) for element in FORM if element != FRAMES
    )
    name = f"log {number} in {paths['add_count'].parent}"
    if not capacity == second == third:
        raise WrongData(
            f"{name}: actions, rewards and terminals have {capacity:,}, {second:,} and {third:,} rows"
        )
    if written.shape != () or written < 1:
        raise WrongData(f"{name}: add_count is {written}, but it must be a number above 0")
    cursor = int(written) % capacity
    if cursor not in around:
        raise WrongData(
            f"{name}: {int(written):,} rows were written, so the cursor is at {cursor:,}, but invalid_range is "
            f"{around.tolist()}: the files belong to different logs"
        )
    own = cursor or capacity
    rewards = rewards[:own]
    if len(outside := np.flatnonzero(~(np.abs(rewards) <= 1))):
        raise WrongData(
            f"{name}: the reward of row {outside[0]} is {rewards[outside[0]]}, but rewards of DQN-replay are clipped "
            "to [-1, 1]"
        )
    return Log(
        actions[:own].astype(np.int64),
        rewards.astype(np.float32),
        flags(name, "terminals", terminals[:own]),
    )


def present(files: Files, element: str, number: int) -> Path:
    """Return a file of a log.

    Raises:
        FileNotFoundError: there is no such file.
    """
    name = file_name(element, number)
    if (path := files(name)) is None:
        raise FileNotFoundError(
            f"{name} is missing, but other files of its log exist: get it too, or remove the others "
            "to leave out the log"
        )
    return path


def frames(path: Path, lengths: I64) -> Iterator[U8]:
    """Yield the frames of consecutive spans of rows, (length, 84, 84) each. The first span begins at row 0, and
    the rest of the file is not read.

    Raises:
        DamagedFile: the file ends too early, or is not a gzipped .npy file.
        WrongData: the shape or the type is not that of frames.
    """
    with _opened(path) as file:
        rows = _header(file, path, FRAMES)
        if rows < lengths.sum():
            raise WrongData(
                f"{path} has {rows:,} rows, but other files of its log have at least {lengths.sum():,}"
            )
        for length in lengths.tolist():
            span = np.empty((length, SIDE, SIDE), dtype=np.uint8)
            _fill(file, span, path)
            yield span
        if rows == lengths.sum():
            file.read(1)  # gzip checks the checksum at the end of the file


def head(path: Path, element: str, rows: int) -> tuple[NDArray[Any], int]:
    """Return the first rows of a file, and its total number of rows.

    Raises:
        DamagedFile: the file ends too early, or is not a gzipped .npy file.
        WrongData: the shape or the type is not that of this element.
    """
    with _opened(path) as file:
        there = _header(file, path, element)
        array = np.empty((min(rows, there), *FORM[element][1]), dtype=FORM[element][0])
        _fill(file, array, path)
        if len(array) == there:
            file.read(1)
    return array, there


def padding(actions: I64, rewards: F32, span: U8) -> int:
    """Return the number of rows of zeros that Dopamine inserted before an episode."""
    for row in range(min(PADDING, len(actions) - 1)):
        if actions[row] or rewards[row] or span[row].any():
            return row
    return min(PADDING, len(actions) - 1)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[gzip.GzipFile]:
    try:
        with gzip.open(path, "rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedFile(
            f"{path} is damaged or truncated ({error}); delete it and get it again"
        ) from error


def _shape(file: gzip.GzipFile, path: Path) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read a .npy header."""
    try:
        version = npy.read_magic(file)
        read_header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, columns_first, dtype = read_header[version](file)
    except (ValueError, KeyError) as error:
        raise DamagedFile(
            f"{path} is not a .npy file ({error}); delete it and get it again"
        ) from error
    if dtype.hasobject or (columns_first and len(shape) > 1):
        raise WrongData(
            f"{path} holds Python objects or an array in column order, which no log of Dopamine does"
        )
    return shape, dtype


def _header(file: gzip.GzipFile, path: Path, element: str) -> int:
    """Read the .npy header of the file of an element, and return its number of rows."""
    kind, row = FORM[element]
    shape, dtype = _shape(file, path)
    if len(shape) != 1 + len(row) or shape[1:] != row or dtype != kind:
        expected = f"(rows{''.join(f', {side}' for side in row)})"
        raise WrongData(f"{path} holds {shape} {dtype}, expected {expected} {np.dtype(kind)}")
    return shape[0]


def _whole(path: Path) -> NDArray[Any]:
    with _opened(path) as file:
        shape, dtype = _shape(file, path)
        if dtype.kind not in "iu" or int(np.prod(shape)) > 100:
            raise WrongData(f"{path} holds {shape} {dtype}, expected a few whole numbers")
        array = np.empty(shape, dtype=dtype)
        _fill(file, array, path)
        file.read(1)
    return array


def _fill(file: gzip.GzipFile, array: NDArray[Any], path: Path) -> None:
    """Fill an array with the next bytes of a file."""
    rest = array.reshape(-1).view(np.uint8).data
    while len(rest):
        if not (count := file.readinto(rest)):
            raise DamagedFile(f"{path} ends early; delete it and get it again")
        rest = rest[count:]
