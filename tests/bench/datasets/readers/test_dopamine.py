"""Logs of Dopamine's replay buffer, written by a writer of the tests' own, are read row by row."""

from __future__ import annotations

import gzip
import pickle
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets.readers import dopamine
from bench.datasets.readers.checks import WrongData
from tests.helpers.dopamine import Buffer, Row, games, marks_of, path_of, write_logs

LENGTHS = (5, 1, 9, 12, 4, 7, 8, 5, 11, 3)  # 65 steps and 30 rows of zeros
CAPACITY = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_logs(tmp_path, LENGTHS, CAPACITY)
    return tmp_path


def files(folder: Path) -> dopamine.Files:
    def find(name: str) -> Path | None:
        return folder / name if (folder / name).exists() else None

    return find


def read(folder: Path, number: int = 0, rows: int = 1000) -> dopamine.Log:
    return dopamine.read(files(folder), number, rows)


def written(count: int) -> list[Row]:
    """The rows that these games make, one after the other."""
    rows = []
    for game in games(LENGTHS):
        rows += [Row()] * 3 + game
    return rows[:count]


@pytest.mark.parametrize("number", [0, 1])
def test_a_log_is_its_own_rows_up_to_the_cursor(folder: Path, number: int) -> None:
    """A log is written with its last row still to come: that place holds the log before."""
    log = read(folder, number)
    own = written(1000)[number * CAPACITY : number * CAPACITY + CAPACITY - 1]
    assert log.actions.tolist() == [row.action for row in own]
    assert log.rewards.tolist() == [row.reward for row in own]
    assert log.terminals.tolist() == [bool(row.terminal) for row in own]
    assert (log.actions.dtype, log.rewards.dtype) == (np.int64, np.float32)
    assert not (folder / "add_count_ckpt.2.gz").exists()


def test_only_the_first_rows_are_read(folder: Path) -> None:
    log = read(folder, rows=7)
    assert log.actions.tolist() == [row.action for row in written(7)]
    assert log.rows == 7


def test_the_last_log_of_a_training_ends_at_the_cursor(tmp_path: Path) -> None:
    """Of 95 rows 15 are in the third log; the rest of it is a copy of the second."""
    buffer = write_logs(tmp_path, LENGTHS, CAPACITY)
    assert buffer.count == 95
    buffer.count = 15
    buffer.write(2)
    assert read(tmp_path, 2).actions.tolist() == [row.action for row in written(95)[80:]]


def test_a_buffer_that_is_just_full_is_read_whole(tmp_path: Path) -> None:
    buffer = Buffer(tmp_path, 5)
    for mark in (1, 2):
        buffer.add(Row(mark, 1, 0.0, 0))
    buffer.write(7)
    assert read(tmp_path, 7).actions.tolist() == [0, 0, 0, 1, 1]


def test_where_a_game_begins_at_the_last_row_no_log_is_written(tmp_path: Path) -> None:
    """Rows of zeros are no reason to write, so the count jumps over the place; numbers go on."""
    write_logs(tmp_path, (33, 40, 5), CAPACITY)
    assert sorted(path.name for path in tmp_path.glob("add*")) == ["add_count_ckpt.0.gz"]
    own = [row.action for game in games((33, 40)) for row in [Row()] * 3 + game][40:79]
    assert read(tmp_path).actions.tolist() == own


def test_frames_come_in_spans(folder: Path) -> None:
    spans = list(dopamine.frames(path_of(folder, "observation", 0), np.array([8, 1, 10])))
    assert [span.shape for span in spans] == [(8, 84, 84), (1, 84, 84), (10, 84, 84)]
    expected = [row.mark for row in written(19)]
    assert [marks_of(span) for span in spans] == [expected[:8], expected[8:9], expected[9:]]


@pytest.mark.parametrize(
    ("actions", "rewards", "marks", "count"),
    [
        ([0, 0, 0, 2], [0, 0, 0, 0], [0, 0, 0, 5], 3),
        ([0, 0, 0, 0, 2], [0] * 5, [0] * 5, 3),  # a game may begin with a black picture
        ([0, 0, 2], [0, 0, 0], [0, 0, 5], 2),  # the first row of zeros is in the log before
        ([1, 0, 0, 2], [0] * 4, [0] * 4, 0),
        ([0, 0, 0, 2], [0, 1, 0, 0], [0] * 4, 1),
        ([0, 0, 0, 2], [0] * 4, [0, 0, 3, 5], 2),
        ([0], [0], [0], 0),
    ],
)
def test_rows_of_zeros_before_a_game(
    actions: list[int], rewards: list[float], marks: list[int], count: int
) -> None:
    span = np.array(marks, np.uint8)[:, None, None].repeat(2, 1).repeat(2, 2)
    assert dopamine.padding(np.array(actions), np.array(rewards, np.float32), span) == count


def test_memory_holds_a_span_not_the_log(tmp_path: Path) -> None:
    """4,000 frames are 28 MB."""
    path = tmp_path / "frames.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        np.save(file, np.zeros((4000, 84, 84), np.uint8))
    next(dopamine.frames(path, np.array([1])))
    tracemalloc.start()
    try:
        count = sum(len(span) for span in dopamine.frames(path, np.full(40, 100)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 4000
    assert peak < 6e6, f"{peak / 1e6:.1f} MB"


# --- what is refused ------------------------------------------------------------------------------

STORED = ("observation", "action", "reward", "terminal")
ELEMENTS = (*STORED, "add_count", "invalid_range")


def read_all(folder: Path) -> None:
    log = read(folder)
    path = dopamine.present(files(folder), dopamine.FRAMES, 0)
    list(dopamine.frames(path, np.array([log.rows])))


@pytest.mark.parametrize("element", ELEMENTS)
def test_a_missing_sibling_is_named(folder: Path, element: str) -> None:
    path = path_of(folder, element, 0)
    path.unlink()
    with pytest.raises(FileNotFoundError) as error:
        read_all(folder)
    assert str(error.value).startswith(f"{path.name} is missing, but other files of its log exist")


@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: content[:5],
        lambda content: b"<!DOCTYPE html><html>down</html>",
        lambda content: gzip.compress(b"not an array"),
        lambda content: gzip.compress(pickle.dumps([1, 2])),
        lambda content: b"",
    ],
    ids=["half", "start", "page", "text", "pickle", "empty"],
)
def test_a_damaged_file_is_named(folder: Path, element: str, damage: Callable[..., bytes]) -> None:
    path = path_of(folder, element, 0)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedFile) as error:
        read_all(folder)
    assert str(path) in str(error.value)
    assert "get it again" in str(error.value)


def test_a_flipped_bit_is_found(folder: Path) -> None:
    """gzip keeps a checksum of the whole, so it shows where all of it is read."""
    path = path_of(folder, "observation", 0)
    content = bytearray(path.read_bytes())
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="damaged or truncated"):
        list(dopamine.frames(path, np.array([CAPACITY])))


def put(element: str, array: Any) -> Callable[[Path], None]:
    return lambda folder: Buffer(folder, CAPACITY).put(element, 0, array)


SHAPE = (CAPACITY, 84, 84)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("observation", np.zeros((CAPACITY, 84), np.uint8)),
            r"expected \(rows, 84, 84\) uint8",
        ),
        (put("observation", np.zeros((*SHAPE, 4), np.uint8)), r"\(40, 84, 84, 4\) uint8"),
        (put("observation", np.zeros(SHAPE, np.float32)), r"\(40, 84, 84\) float32"),
        (put("observation", np.zeros(SHAPE[1:], np.uint8)), r"\(84, 84\) uint8"),
        (
            put("observation", np.zeros((20, 84, 84), np.uint8)),
            "has 20 rows, but .* have at least 39",
        ),
        (
            put("observation", np.asfortranarray(np.zeros(SHAPE, np.uint8))),
            "an array in column order",
        ),
        (put("action", np.zeros(CAPACITY, np.int64)), r"expected \(rows\) int32"),
        (put("action", np.zeros((CAPACITY, 1), np.int32)), r"\(40, 1\) int32"),
        (put("reward", np.zeros(CAPACITY, np.float64)), "expected .* float32"),
        (put("terminal", np.zeros(CAPACITY, np.bool_)), "expected .* uint8"),
        (put("terminal", np.full(CAPACITY, 2, np.uint8)), "terminals holds 2 in row 0"),
        (put("terminal", np.zeros(30, np.uint8)), "have 40, 40 and 30 rows"),
        (
            put("reward", np.full(CAPACITY, 25, np.float32)),
            "reward of row 0 is 25.0, but rewards of",
        ),
        (put("reward", np.full(CAPACITY, np.nan, np.float32)), "reward of row 0 is nan"),
        (put("add_count", np.array(0)), "add_count is 0, but it must be a number above 0"),
        (put("add_count", np.array([39])), "add_count is .39."),
        (put("add_count", np.array(39.0)), r"\(\) float64, expected a few whole numbers"),
        (
            put("add_count", np.array(70)),
            "cursor is at 30, but invalid_range is .38, 39, 0, 1, 2.:",
        ),
        (
            put("invalid_range", np.zeros(1000, np.int64)),
            r"\(1000,\) int64, expected a few whole numbers",
        ),
    ],
)
def test_other_data_are_refused(folder: Path, change: Callable[[Path], None], message: str) -> None:
    change(folder)
    with pytest.raises(WrongData, match=message):
        read_all(folder)


def test_a_file_that_was_cut_after_the_rows_that_are_needed_is_refused(folder: Path) -> None:
    """Nobody knows what else is wrong with it: its checksum is missing."""
    path = path_of(folder, "observation", 0)
    random = np.random.default_rng(0).integers(0, 256, (40, 84, 84), dtype=np.uint8)
    Buffer(folder, CAPACITY).put("observation", 0, random)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(DamagedFile, match="damaged or truncated"):
        list(dopamine.frames(path, np.array([10])))
