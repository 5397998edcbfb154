"""The log of all attempts: nothing that was written is lost, and it stops no work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.core import attempts
from bench.core.attempts import AttemptLog


def test_a_second_attempt_is_appended_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    for text in (b"step 10\n", b"resuming at step 10\n"):
        log = AttemptLog(path)
        log.write(text)
        log.write(b"done\n")
    heading = r"--- attempt of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC on .+, process \d+ ---\n"
    expected = f"{heading}step 10\ndone\n{heading}resuming at step 10\ndone\n"
    assert re.fullmatch(expected, path.read_text())


def test_output_waits_for_the_folder(tmp_path: Path) -> None:
    log = AttemptLog(tmp_path / "run" / "train.log")
    log.write(b"first\n")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "run").mkdir()
    log.write(b"second\n")
    assert log.path.read_text().endswith("---\nfirst\nsecond\n")


def test_a_large_log_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MOST_BYTES", 100)
    path = tmp_path / "train.log"
    for text in (b"x" * 101, b"second"):
        AttemptLog(path).write(text)
    assert (tmp_path / "train.log.older").read_bytes().endswith(b"x" * 101)
    assert [line[:3] for line in path.read_text().split("\n")] == ["---", "sec"]


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "train.log").mkdir()
    AttemptLog(tmp_path / "train.log").write(b"lost\n")
    assert list((tmp_path / "train.log").iterdir()) == []


def test_the_working_directory_may_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = AttemptLog(Path("train.log"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    log.write(b"said\n")
    assert (tmp_path / "train.log").read_text().endswith("said\n")
