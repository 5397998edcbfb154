"""The list of files whose checksum was compared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.datasets.readers.checked import NAME, Checked


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.gz"
    path.write_bytes(b"content")
    return path


def test_a_file_is_remembered_until_it_changes(log: Path, tmp_path: Path) -> None:
    assert not Checked(tmp_path).holds(log)
    Checked(tmp_path).add(log)
    assert Checked(tmp_path).holds(log)
    log.write_bytes(b"other content")
    assert not Checked(tmp_path).holds(log)


def test_the_same_size_at_another_time_is_another_file(log: Path, tmp_path: Path) -> None:
    Checked(tmp_path).add(log)
    os.utime(log, (1, 1))
    assert not Checked(tmp_path).holds(log)


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 100_000, '{"a": 1}'])
def test_a_damaged_list_is_empty(log: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    assert not Checked(tmp_path).holds(log)
    Checked(tmp_path).add(log)
    assert Checked(tmp_path).holds(log)


def test_a_folder_that_cannot_be_written_is_no_error(log: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    checked = Checked(tmp_path / "file")
    checked.add(log)
    assert checked.holds(log)
