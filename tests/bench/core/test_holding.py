"""Who works on a folder: live processes are told from dead ones by their locks."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.core import holding
from bench.core.code import ROOT

HOLD = """
import sys, time
from pathlib import Path
from bench.core.holding import take
file = take(Path(sys.argv[1]), "a long job")
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds tmp_path/held."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "held"],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_held_file_names_its_process_and_is_refused_to_others(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    holder = holding.holder_of(tmp_path / "held")
    assert holder is not None
    assert (holder.pid, holder.what) == (other.pid, "a long job")
    with pytest.raises(BlockingIOError, match=rf"{tmp_path} is in use by process {other.pid} on"):
        holding.take(tmp_path / "held", "another")
    holder = holding.holder_of(tmp_path / "held")
    assert holder is not None
    assert holder.pid == other.pid


def test_a_killed_process_holds_nothing(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    assert (tmp_path / "held").exists()
    assert holding.holder_of(tmp_path / "held") is None
    with holding.holding(tmp_path / "held", "another"):
        assert json.loads((tmp_path / "held").read_text())["what"] == "another"
    assert not (tmp_path / "held").exists()


def test_a_process_of_another_machine_counts_as_alive(tmp_path: Path) -> None:
    """Its lock may be invisible here."""
    path = tmp_path / "held"
    there = {"id": "another", "boot": "another"}
    path.write_text(json.dumps({"pid": 7, "host": "elsewhere", "machine": there, "what": "x"}))
    assert str(holding.holder_of(path)) == "process 7 on elsewhere (x)"


def test_a_process_from_before_a_restart_of_this_machine_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "held"
    with holding.holding(path, "x"):
        content = json.loads(path.read_text())
    content["machine"]["boot"] = "the one before"
    path.write_text(json.dumps(content))
    assert holding.holder_of(path) is None


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"pid": 1}'])
def test_a_file_without_a_lock_and_without_sense_is_held_by_nobody(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "held").write_text(content)
    assert holding.holder_of(tmp_path / "held") is None


def test_without_locks_nobody_is_held_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(file: object, how: int) -> None:
        raise OSError(holding.NO_LOCKS[0], "no locks")

    monkeypatch.setattr(holding.fcntl, "flock", none)
    with holding.holding(tmp_path / "held", "one"), holding.holding(tmp_path / "held", "two"):
        assert holding.holder_of(tmp_path / "held") is not None


def test_leftovers_are_swept_and_what_is_locked_stays(tmp_path: Path) -> None:
    for name in (".a.12345678", ".a.abcdefgh", ".a.short", "a"):
        (tmp_path / name).touch()
    (tmp_path / ".a.folder__").mkdir()
    (tmp_path / ".a.folder__" / "x").touch()
    with (tmp_path / ".a.abcdefgh").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        holding.sweep(tmp_path, ".a.????????")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".a.abcdefgh", ".a.short", "a"]


def test_a_new_file_that_was_swept_before_its_lock_is_noticed(tmp_path: Path) -> None:
    with (tmp_path / "new").open("w") as file:
        (tmp_path / "new").unlink()
        assert not holding.lock_new(file.fileno(), tmp_path / "new")
