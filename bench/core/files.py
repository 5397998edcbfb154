"""Write files atomically: a reader sees either the old content or the new content, never a part."""

from __future__ import annotations

import contextlib
import errno
import glob
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.holding import lock_new, sweep
from bench.core.printable import printable

TEMPORARY = "?" * 8  # the last part of the names of temporary files


class DamagedFile(Exception):
    """The content of a file is not what its writer recorded. The message names the file and says what
    to do, on one line.
    """

    def __init__(self, message: str) -> None:
        """Keep the message, which may hold names of the file, without control characters."""
        super().__init__(printable(message))


class DiskFull(OSError):
    """The file system has no space left. No half-written file was kept."""


class DownloadFailed(OSError):
    """No source provided the file. The message names each address with its reason, and says what to do."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`. On success, sync the file and rename it to `path`.

    On any error, the temporary file is removed, and an existing file at `path` stays unchanged. The file has the
    permissions that the user's umask gives new files. What killed processes left of earlier writes to `path` is
    removed.

    Raises:
        DiskFull: the file system has no space left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, f".{glob.escape(path.name)}.{TEMPORARY}")
    temporary, handle = path, -1  # until the temporary file exists
    try:
        temporary, handle = _new_file(path)
        mode = stat.S_IMODE(os.fstat(handle).st_mode)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException as error:
        if temporary != path:
            temporary.unlink(missing_ok=True)
        if full_disk(error):
            raise DiskFull(
                errno.ENOSPC,
                f"no space left while writing {path}: no half-written file was kept; free some space and start again",
            ) from error
        raise
    finally:
        if handle >= 0:
            os.close(handle)
    _sync_folder(path.parent)


@contextlib.contextmanager
def temporary_folder(folder: Path, prefix: str) -> Iterator[Path]:
    """Yield a new folder in `folder` that is removed at the end. What killed processes left of earlier ones with
    this prefix is removed first.
    """
    sweep(folder, f"{glob.escape(prefix)}{TEMPORARY}")
    while True:
        path = folder / f"{prefix}{secrets.token_hex(4)}"
        path.mkdir()
        handle = os.open(path, os.O_RDONLY)
        if lock_new(handle, path):
            break
        os.close(handle)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def _new_file(path: Path) -> tuple[Path, int]:
    """Return a new, locked, empty file beside `path`, and its handle."""
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        if lock_new(handle, temporary):
            return temporary, handle
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as sorted, indented JSON, atomically.

    Raises:
        ValueError: it holds NaN or an infinity.
    """
    write_text(path, json_text(value))


def json_text(value: Any) -> str:
    """Return the text that `write_json` writes.

    Raises:
        ValueError: `value` holds NaN or an infinity.
    """
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n"


KINDS = (  # of paths that are no regular files
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def refuse_special(path: Path) -> None:
    """Refuse what is not a regular file, before it is opened: reading a named pipe or a device may never end.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the path is a folder, a named pipe, a socket or a device, or a link to one.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = next((what for is_kind, what in KINDS if is_kind(mode)), "something else")
        raise DamagedFile(f"{path} is {what}, not a regular file; put the file itself there")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated, is not JSON, or is not a regular file.
    """
    refuse_special(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(
            f"{path} is damaged (not JSON: {error}); delete it and run again"
        ) from error


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of the content of a JSON object, without its entry `digest`.

    Raises:
        ValueError: the object holds a number that is not finite.
    """
    rest = {key: value for key, value in content.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, allow_nan=False).encode()).hexdigest()


def intact(content: Any) -> bool:
    """Return whether this is a JSON object whose entry `digest` is the digest of its content."""
    try:
        return isinstance(content, dict) and content.get("digest") == digest(content)
    except (ValueError, RecursionError):
        return False


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is not a regular file.
    """
    refuse_special(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_web_page(start: bytes) -> bool:
    """Return whether the first bytes of a file are HTML or XML. Servers often send such a page instead
    of the file.
    """
    return start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml"))


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def full_disk(error: BaseException) -> bool:
    """Return whether an error says that the file system is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "os error 28" in str(error)  # safetensors reports a full disk in this form


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
