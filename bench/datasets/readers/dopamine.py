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
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.files import DamagedFile, refuse_special
from bench.datasets.frames import U8
from bench.datasets.npy import BadHeader, Header, read_header
from bench.datasets.readers.checked import Checked
from bench.datasets.readers.checks import WrongData, flags
from bench.datasets.readers.dqn_replay_files import cache_folder
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
LARGEST = 800  # bytes of a file of counts
CHUNK = 1 << 20  # bytes that are read at a time

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
    """Yield the frames of consecutive spans of rows, (length, 84, 84) each. The first span begins at row 0. The rest
    of the file is only read the first time, for its checksum.

    Raises:
        DamagedFile: the file ends too early, has a wrong checksum, or is not a gzipped .npy file.
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
        _check_rest(file, path, (rows - int(lengths.sum())) * SIDE * SIDE)


def head(path: Path, element: str, rows: int) -> tuple[NDArray[Any], int]:
    """Return the first rows of a file, and its total number of rows.

    Raises:
        DamagedFile: the file ends too early, has a wrong checksum, or is not a gzipped .npy file.
        WrongData: the shape or the type is not that of this element.
    """
    with _opened(path) as file:
        there = _header(file, path, element)
        array = np.empty((min(rows, there), *FORM[element][1]), dtype=FORM[element][0])
        _fill(file, array, path)
        row = math.prod(FORM[element][1]) * array.itemsize
        _check_rest(file, path, (there - len(array)) * row)
    return array, there


def _check_rest(file: gzip.GzipFile, path: Path, rest: int) -> None:
    """Read the unused rest of a file when it is opened for the first time, so that gzip compares the checksum."""
    checked = Checked(cache_folder())
    if rest and checked.holds(path):
        return
    _finish(file, path, rest)
    checked.add(path)


def padding(actions: I64, rewards: F32, span: U8) -> int:
    """Return the number of rows of zeros that Dopamine inserted before an episode."""
    for row in range(min(PADDING, len(actions) - 1)):
        if actions[row] or rewards[row] or span[row].any():
            return row
    return min(PADDING, len(actions) - 1)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[gzip.GzipFile]:
    refuse_special(path)
    try:
        with gzip.open(path, "rb") as file:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DamagedFile(
            f"{path} is damaged or truncated ({error}); delete it and get it again"
        ) from error


def _shape(file: gzip.GzipFile, path: Path) -> Header:
    """Read a .npy header."""
    try:
        header = read_header(file)
    except BadHeader as error:
        raise DamagedFile(
            f"{path} is not a .npy file ({error}); delete it and get it again"
        ) from error
    if header.columns_first and len(header.shape) > 1:
        raise WrongData(f"{path} holds an array in column order, which no log of Dopamine does")
    return header


def _header(file: gzip.GzipFile, path: Path, element: str) -> int:
    """Read the .npy header of the file of an element, and return its number of rows."""
    kind, row = FORM[element]
    found = _shape(file, path)
    shape, dtype = found.shape, found.dtype
    if len(shape) != 1 + len(row) or shape[1:] != row or dtype != kind:
        expected = f"(rows{''.join(f', {side}' for side in row)})"
        raise WrongData(f"{path} holds {shape} {dtype}, expected {expected} {np.dtype(kind)}")
    return shape[0]


def _whole(path: Path) -> NDArray[Any]:
    with _opened(path) as file:
        found = _shape(file, path)
        if found.dtype.kind not in "iu" or found.bytes > LARGEST:
            raise WrongData(
                f"{path} holds {found.shape} {found.dtype}, expected a few whole numbers"
            )
        array = np.empty(found.shape, dtype=found.dtype)
        _fill(file, array, path)
        _finish(file, path, 0)
    return array


def _finish(file: gzip.GzipFile, path: Path, rest: int) -> None:
    """Read a file to its end, where gzip compares the checksum. There must be `rest` more bytes."""
    while chunk := file.read(CHUNK):
        rest -= len(chunk)
        if rest < 0:
            raise DamagedFile(f"{path} holds bytes after its array; delete it and get it again")
    if rest:
        raise DamagedFile(f"{path} ends early; delete it and get it again")


def _fill(file: gzip.GzipFile, array: NDArray[Any], path: Path) -> None:
    """Fill an array with the next bytes of a file."""
    rest = array.reshape(-1).view(np.uint8).data
    while len(rest):
        if not (count := file.readinto(rest)):
            raise DamagedFile(f"{path} ends early; delete it and get it again")
        rest = rest[count:]
