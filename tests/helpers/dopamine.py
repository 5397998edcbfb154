"""Logs of a replay buffer as Dopamine writes them, by a writer of the tests' own."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SIDE = 84


@dataclass(frozen=True)
class Row:
    """What one row of a buffer holds; `mark` is written into two pixels of its frame, 0: zeros."""

    mark: int = 0
    action: int = 0
    reward: float = 0.0
    terminal: int = 0


class Buffer:
    """A circular buffer of `capacity` rows that is written to disk before its last row is filled."""

    def __init__(self, folder: Path, capacity: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.capacity = folder, capacity
        self.rows = [Row(mark=9999)] * capacity  # as if it were memory that nobody cleared
        self.count = self.log = 0
        self.over = True

    def add(self, row: Row) -> None:
        if self.over:
            for _ in range(3):
                self._put(Row())
        self._put(row)
        self.over = bool(row.terminal)
        if self.count % self.capacity == self.capacity - 1:
            self.write(self.log)
            self.log += 1

    def _put(self, row: Row) -> None:
        self.rows[self.count % self.capacity] = row
        self.count += 1

    def write(self, number: int) -> None:
        """Write a log; at the end of a training also what there is of the last one."""
        cursor = self.count % self.capacity
        around = [(cursor - 1 + i) % self.capacity for i in range(5)]
        self.put("observation", number, frames_of(self.rows))
        self.put("action", number, np.array([row.action for row in self.rows], np.int32))
        self.put("reward", number, np.array([row.reward for row in self.rows], np.float32))
        self.put("terminal", number, np.array([row.terminal for row in self.rows], np.uint8))
        self.put("add_count", number, np.array(self.count))
        self.put("invalid_range", number, np.array(around))

    def put(self, element: str, number: int, array: Any) -> None:
        with gzip.open(path_of(self.folder, element, number), "wb", compresslevel=1) as file:
            np.save(file, array, allow_pickle=False)


def path_of(folder: Path, element: str, number: int) -> Path:
    stored = "" if element in ("add_count", "invalid_range") else "$store$_"
    return folder / f"{stored}{element}_ckpt.{number}.gz"


def frames_of(rows: Sequence[Row]) -> Any:
    frames = np.zeros((len(rows), SIDE, SIDE), dtype=np.uint8)
    marks = np.array([row.mark for row in rows])
    frames[:, 0, 0], frames[:, -1, -1] = marks // 250, marks % 250
    frames[marks > 0, 40] = 7
    return frames


def marks_of(frames: Any) -> list[int]:
    return (frames[:, 0, 0].astype(int) * 250 + frames[:, -1, -1]).tolist()


def games(lengths: Sequence[int]) -> Iterator[list[Row]]:
    """Games of so many steps; marks count all steps from 1, and actions and rewards follow them."""
    mark = 0
    for length in lengths:
        game = []
        for step in range(length):
            mark += 1
            game.append(
                Row(mark, 1 + mark % 3, float(mark % 5 == 0) - (mark % 7 == 0), step == length - 1)
            )
        yield game


def write_logs(folder: Path, lengths: Sequence[int], capacity: int) -> Buffer:
    buffer = Buffer(folder, capacity)
    for game in games(lengths):
        for row in game:
            buffer.add(row)
    return buffer
