"""Read what Dopamine's replay buffer logs: gzipped .npy files, decompressed as a stream, so that of seven
gigabytes of frames memory holds an episode.

The form is that of google/dopamine dopamine/replay_memory/circular_replay_buffer.py, logged by
google-research/batch_rl batch_rl/baselines/replay_memory/logged_replay_buffer.py:

- Log N is six files: `$store$_observation_ckpt.N.gz` and likewise action, reward and terminal, a
  row for each step; `add_count_ckpt.N.gz`, how many rows were ever written, and
  `invalid_range_ckpt.N.gz`, the rows around the cursor, where the next row goes.
- A row holds the frame before the action. The frame after an episode's last action is not there.
- Before each episode stand three rows of zeros, so that no stack of four frames shows two episodes.
- A log is written while its last row is still to come: rows from the cursor on are those of the log
  before, or of nothing at all in the first one. (Where a game begins just there, none is written.)
- An episode goes on from one log to the next, so a log begins and ends with a part of one.
- The clock's end of an episode is a terminal like any other.
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
PADDING = 3  # rows of zeros before an episode, at most
FRAMES = "$store$_observation"
FORM: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    FRAMES: (np.uint8, (SIDE, SIDE)),
    "$store$_action": (np.int32, ()),
    "$store$_reward": (np.float32, ()),
    "$store$_terminal": (np.uint8, ()),
}
COUNTS = ("add_count", "invalid_range")

Files = Callable[[str], Path | None]  # name -> the file, or None where there is none


@dataclass(frozen=True)
class Log:
    """The first rows of a log, apart from the frames.

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
        """Return R."""
        return len(self.rewards)


def file_name(element: str, number: int) -> str:
    """Return the name of a file of log N, such as `$store$_action_ckpt.7.gz`."""
    return f"{element}_ckpt.{number}.gz"


def read(files: Files, number: int, rows: int) -> Log:
    """Read the first rows of log N that belong to it; its frames are not looked at.

    Args:
        files: where they are.
        number: N.
        rows: at most so many.

    Raises:
        FileNotFoundError: a file of the log is missing.
        DamagedFile: one is truncated, or not a gzipped .npy file.
        WrongData: shapes, types or values are not those of such a log, or the files are not of one
            log.
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
        raise WrongData(f"{name}: add_count is {written}, expected a number of rows above 0")
    cursor = int(written) % capacity
    if cursor not in around:
        raise WrongData(
            f"{name}: {int(written):,} rows were written, so the cursor is at {cursor:,}, but invalid_range is "
            f"{around.tolist()}: the files are not of one log"
        )
    own = cursor or capacity
    rewards = rewards[:own]
    if len(outside := np.flatnonzero(~(np.abs(rewards) <= 1))):
        raise WrongData(
            f"{name}: the reward of row {outside[0]} is {rewards[outside[0]]}, but those of DQN-replay are clipped "
            "to [-1, 1]"
        )
    return Log(
        actions[:own].astype(np.int64),
        rewards.astype(np.float32),
        flags(name, "terminals", terminals[:own]),
    )


def present(files: Files, element: str, number: int) -> Path:
    """Return a file of log N.

    Raises:
        FileNotFoundError: there is none.
    """
    name = file_name(element, number)
    if (path := files(name)) is None:
        raise FileNotFoundError(
            f"{name} is missing beside the other files of its log: get it too, or take the others "
            "away, and the log is left out"
        )
    return path


def frames(path: Path, lengths: I64) -> Iterator[U8]:
    """Yield the frames of consecutive spans of rows from the first on, (length, 84, 84) each.

    The file is read no further than that.

    Raises:
        DamagedFile: it ends before, or is not a gzipped .npy file.
        WrongData: shape or type are not those of frames.
    """
    with _opened(path) as file:
        rows = _header(file, path, FRAMES)
        if rows < lengths.sum():
            raise WrongData(
                f"{path} has {rows:,} rows, but its siblings {lengths.sum():,} and more"
            )
        for length in lengths.tolist():
            span = np.empty((length, SIDE, SIDE), dtype=np.uint8)
            _fill(file, span, path)
            yield span
        if rows == lengths.sum():
            file.read(1)  # the checksum is looked at where the bytes end


def head(path: Path, element: str, rows: int) -> tuple[NDArray[Any], int]:
    """Return the first rows of a file, and how many rows it has.

    Raises:
        DamagedFile: it ends before, or is not a gzipped .npy file.
        WrongData: shape or type are not those of this element.
    """
    with _opened(path) as file:
        there = _header(file, path, element)
        array = np.empty((min(rows, there), *FORM[element][1]), dtype=FORM[element][0])
        _fill(file, array, path)
        if len(array) == there:
            file.read(1)
    return array, there


def padding(actions: I64, rewards: F32, span: U8) -> int:
    """Return how many rows at the beginning of an episode are not of it: the zeros that Dopamine puts
    before.
    """
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
            f"{path} holds no .npy array ({error}); delete it and get it again"
        ) from error
    if dtype.hasobject or (columns_first and len(shape) > 1):
        raise WrongData(f"{path} holds {dtype} in an order that no log has")
    return shape, dtype


def _header(file: gzip.GzipFile, path: Path, element: str) -> int:
    """Read the .npy header of an element's file; return its rows."""
    kind, row = FORM[element]
    shape, dtype = _shape(file, path)
    if len(shape) != 1 + len(row) or shape[1:] != row or dtype != kind:
        expected = f"(rows{''.join(f', {side}' for side in row)})"
        raise WrongData(
            f"{path} holds {shape} {dtype}; {expected} {np.dtype(kind)} is expected there"
        )
    return shape[0]


def _whole(path: Path) -> NDArray[Any]:
    with _opened(path) as file:
        shape, dtype = _shape(file, path)
        if dtype.kind not in "iu" or int(np.prod(shape)) > 100:
            raise WrongData(f"{path} holds {shape} {dtype}; a few whole numbers are expected there")
        array = np.empty(shape, dtype=dtype)
        _fill(file, array, path)
        file.read(1)
    return array


def _fill(file: gzip.GzipFile, array: NDArray[Any], path: Path) -> None:
    """Read an array's bytes."""
    rest = array.reshape(-1).view(np.uint8).data
    while len(rest):
        if not (count := file.readinto(rest)):
            raise DamagedFile(f"{path} ends early; delete it and get it again")
        rest = rest[count:]
