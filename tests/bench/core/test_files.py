from __future__ import annotations

import errno
import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from bench.core.code import ROOT
from bench.core.files import (
    DamagedFile,
    DiskFull,
    digest,
    intact,
    read_json,
    refuse_special,
    replacing,
    sha256,
    temporary_folder,
    write_json,
    write_text,
)
from bench.methods.policy_file import write_tensors


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, error: BaseException) -> None:
    with replacing(path) as temporary:
        temporary.write_text("half")
        raise error


def test_new_content_replaces_the_old_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "notes.txt"
    write_text(path, "old")
    write_text(path, "new ±")
    assert path.read_bytes() == "new ±".encode()
    assert names_in(path.parent) == ["notes.txt"]


def test_a_reader_sees_the_old_content_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("half of the n")
        assert path.read_text() == "old"
    assert path.read_text() == "half of the n"


@pytest.mark.parametrize(
    ("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o027, 0o640), (0o002, 0o664)]
)
def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_text(tmp_path / "notes.txt", "x")
        write_tensors(tmp_path / "policy", {"a": np.zeros(2)}, method="x")
    finally:
        os.umask(before)
    for name in ("notes.txt", "policy"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode


WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from bench.core.files import replacing, temporary_folder
folder = Path(sys.argv[1])
with temporary_folder(folder, ".new-") as staging, replacing(folder / "a.json") as temporary:
    (staging / "x").touch()
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_write_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    write_text(tmp_path / "b.json", "other")
    for _ in range(2):
        subprocess.run([sys.executable, "-c", WRITE_AND_DIE, tmp_path], cwd=ROOT)
    assert len(names_in(tmp_path)) == 3
    write_text(tmp_path / "b.json", "other")  # leaves the leftovers of other files alone
    assert len(names_in(tmp_path)) == 3
    write_text(tmp_path / "a.json", "whole")
    with temporary_folder(tmp_path, ".new-"):
        assert len(names_in(tmp_path)) == 3
    assert names_in(tmp_path) == ["a.json", "b.json"]


def test_two_writers_of_one_file_leave_each_other_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with replacing(path) as one:
        one.write_text("one")
        with replacing(path) as two:
            two.write_text("two")
        assert path.read_text() == "two"
    assert path.read_text() == "one"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, PermissionError])
def test_old_content_survives_an_error(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error())
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT], ids=["disk", "quota"])
def test_a_full_disk_is_named_and_nothing_is_left_over(tmp_path: Path, number: int) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(DiskFull, match=f"no space left while writing {path}"):
        write_half(path, OSError(number, os.strerror(number)))
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["notes.txt"]


def test_a_disk_that_fills_up_while_syncing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bench.core.files.os.fsync", full)
    with pytest.raises(DiskFull, match=r"result\.json"):
        write_json(tmp_path / "result.json", {"a": 1})
    assert names_in(tmp_path) == []


def test_a_disk_too_full_for_a_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: object, flags: int, mode: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_json(tmp_path / "result.json", {"a": 1})
    monkeypatch.setattr("bench.core.files.os.open", full)
    with pytest.raises(DiskFull, match=r"result\.json"):
        write_json(tmp_path / "result.json", {"a": 2})
    assert read_json(tmp_path / "result.json") == {"a": 1}


def test_a_full_disk_as_safetensors_spells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise SafetensorError(
            "Error while serializing: I/O error: No space left on device (os error 28)"
        )

    monkeypatch.setattr("bench.methods.policy_file.save_file", full)
    with pytest.raises(DiskFull, match=r"policy\.safetensors"):
        write_tensors(tmp_path / "policy.safetensors", {"a": np.zeros(2)}, method="x")
    assert names_in(tmp_path) == []


def can_mount() -> bool:
    return shutil.which("unshare") is not None and not subprocess.call(
        ["unshare", "-rm", "true"], stderr=subprocess.DEVNULL
    )


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_file_system_of_64_kb_that_is_really_full(tmp_path: Path) -> None:
    program = """
import sys, numpy
from pathlib import Path
from bench.core.files import DiskFull
from bench.methods.policy_file import write_tensors
folder = Path(sys.argv[1])
(folder / "policy").write_text("old")
try:
    write_tensors(folder / "policy", {"a": numpy.zeros(40_000)}, method="x")
except DiskFull as error:
    print(error, [path.name for path in folder.iterdir()], (folder / "policy").read_text())
"""
    mount = 'mount -t tmpfs -o size=64k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", tmp_path, sys.executable, program],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert f"no space left while writing {tmp_path / 'policy'}" in done.stdout, done.stderr
    assert done.stdout.endswith("['policy'] old\n")


def test_other_errors_of_the_system_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        write_half(tmp_path / "x", PermissionError(errno.EACCES, "no"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_is_not_a_number(tmp_path: Path, value: float) -> None:
    path = tmp_path / "x.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": [value]})
    assert read_json(path) == {"a": 1}
    assert names_in(tmp_path) == ["x.json"]


def test_json_bytes_do_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "1.json", {"b": 1, "a": {"d": 2, "c": [3.5, None]}})
    write_json(tmp_path / "2.json", {"a": {"c": [3.5, None], "d": 2}, "b": 1})
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert read_json(tmp_path / "1.json") == {"a": {"c": [3.5, None], "d": 2}, "b": 1}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"a": [1, 2',
        b"<html>403 Forbidden</html>",
        b'{"a": "\xff"}',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 200_000 + b"]" * 200_000,
        b"9" * 100_000,
    ],
    ids=[
        "empty",
        "truncated",
        "page",
        "not-text",
        "nan",
        "inf",
        "deep",
        "deep-objects",
        "deep-whole",
        "digits",
    ],
)
def test_damaged_json_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        read_json(path)


def test_a_digest_covers_everything_but_itself() -> None:
    content = {"a": [1, 2.5, None], "b": "x"}
    signed = content | {"digest": digest(content)}
    assert intact(signed)
    assert digest(signed) == digest(content)
    for key in content:
        assert not intact(signed | {key: "else"})
    assert not intact(signed | {"c": 1})
    assert not intact(content)


@pytest.mark.parametrize("content", [[], None, "x", {}, {"a": float("nan"), "digest": "x"}])
def test_other_things_are_not_intact(content: object) -> None:
    assert not intact(content)


def test_missing_json_is_another_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"x\.json"):
        read_json(tmp_path / "x.json")


def test_sha256_of_the_standard_example(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert (
        sha256(tmp_path / "abc")
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def special(path: Path, kind: str) -> Path:
    """Make something at this path that is not a regular file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))  # a long path does not fit
    else:
        path.symlink_to("/dev/zero")
    return path


KINDS = {"pipe": "a named pipe", "folder": "a folder", "socket": "a socket", "device": "a device"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_a_regular_file_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = special(tmp_path / "x.json", kind)
    for read in (read_json, sha256, refuse_special):
        with pytest.raises(DamagedFile, match=rf"x\.json is {KINDS[kind]}, not a regular file"):
            read(path)


def test_a_link_to_a_regular_file_is_read(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": 1})
    (tmp_path / "link.json").symlink_to("x.json")
    assert read_json(tmp_path / "link.json") == {"a": 1}
    assert sha256(tmp_path / "link.json") == sha256(tmp_path / "x.json")
