"""Files that a process holds for as long as it lives: who works on a folder, and what a dead process left behind.

The operating system ends a lock (flock) together with its process, also after SIGKILL. So a lock tells the living
from the dead, where a file alone or a process id does not.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EINVAL)


@dataclass(frozen=True)
class Holder:
    """The process that holds a file.

    Attributes:
        pid: its process id.
        host: the name of its machine.
        machine: what tells its machine from others, and one start of the machine from the next.
        what: what it does, for messages.
    """

    pid: int
    host: str
    machine: dict[str, str]
    what: str

    def __str__(self) -> str:
        """Return the text for messages."""
        if not self.pid:
            return f"an unknown process on {self.host}"
        return f"process {self.pid} on {self.host} ({self.what})"


@cache
def this_machine() -> dict[str, str]:
    """Return the id of this machine and of its last start; empty where the system has none."""
    files = {"id": "/etc/machine-id", "boot": "/proc/sys/kernel/random/boot_id"}
    found = {}
    for name, path in files.items():
        with contextlib.suppress(OSError):
            found[name] = Path(path).read_text(encoding="utf-8").strip()
    return {name: text for name, text in found.items() if text}


@contextlib.contextmanager
def holding(path: Path, what: str) -> Iterator[None]:
    """Hold a file in this context, and remove it at the end.

    On a file system without locks, the file is written but holds nobody back.

    Args:
        path: the file; its folder is created.
        what: what this process does, for messages of others.

    Raises:
        BlockingIOError: another live process holds it. The message names the process.
    """
    file = take(path, what)
    try:
        yield
    finally:
        release(path, file)


def take(path: Path, what: str) -> Any:
    """Hold a file until `release`, or until this process ends. Returns what `release` needs.

    Raises:
        BlockingIOError: another live process holds it.
        OSError: it cannot be written; the error names the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _read(path)
            file.close()
            raise BlockingIOError(
                f"{path.parent} is in use by {other or 'another process'}: wait until it ends, or stop it"
                + (f" with `kill {other.pid}`" if other else "")
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                file.close()
                raise
        if _same(file.fileno(), path):  # the previous holder may have removed the file in between
            break
        file.close()
    me = Holder(os.getpid(), platform.node(), this_machine(), what)
    try:
        file.truncate(0)
        json.dump(asdict(me), file)
        file.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            file.close()
        # the error of a write names no file
        raise OSError(error.errno, error.strerror, str(path)) from error
    return file


def release(path: Path, file: Any) -> None:
    """Remove a file that `take` holds, and hold it no more."""
    if _same(file.fileno(), path):
        path.unlink(missing_ok=True)
    file.close()


def holder_of(path: Path) -> Holder | None:
    """Return the process that may hold a file; None if none does.

    The lock of a process on another machine may be invisible here. Such a process counts as alive.
    """
    holder = _read(path)
    if _is_locked(path):
        return holder or Holder(0, "this machine", {}, "unknown")  # it is about to write its name
    if holder is None or _here(holder):
        return None
    return holder


def _here(holder: Holder) -> bool:
    """Return whether a holder's machine is this one, now or before its last start."""
    mine = this_machine()
    same_start = "boot" in mine and holder.machine.get("boot") == mine["boot"]
    return same_start or (
        holder.host == platform.node() and holder.machine.get("id") == mine.get("id")
    )


def sweep(folder: Path, pattern: str) -> None:
    """Remove the files and folders of this pattern that no live process locks: the leftovers of killed processes.

    Whoever makes such a file or folder locks it (`lock_new`) until it has its final name. On a file system without
    locks nothing is removed.
    """
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError), _if_free(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def lock_new(handle: int, path: Path) -> bool:
    """Lock a new temporary file or folder through its open handle, so that `sweep` leaves it alone.

    Returns:
        False if `sweep` removed it in the meantime. Then make another one.
    """
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)
    return _same(handle, path)


@contextlib.contextmanager
def _if_free(path: Path) -> Iterator[None]:
    """Lock a file or folder in this context.

    Raises:
        OSError: it does not exist, another process locks it, or its file system has no locks.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def _is_locked(path: Path) -> bool:
    """Return whether a process locks this file; without locks on this file system, it may."""
    try:
        with _if_free(path):
            return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
