"""The log of all attempts at a piece of work, in the folder of its results.

Snakemake deletes the log file of a job before it starts the job again. What an earlier attempt wrote, and why it
ended, stays here.
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from datetime import UTC, datetime
from pathlib import Path

MOST_BYTES = 5_000_000  # a log that is larger is renamed before the next attempt
OLDER = ".older"


class AttemptLog:
    """Appends the output of one attempt. A log that cannot be written stops nothing.

    The file is opened when its folder exists; output of an attempt that never makes the folder is dropped.
    """

    def __init__(self, path: Path) -> None:
        """Name the file. Nothing is written yet."""
        self.path = path.absolute()  # the work may change the directory
        self._began = datetime.now(UTC)
        self._lock = threading.Lock()
        self._waiting = b""
        self._file: int | None = None

    def write(self, data: bytes) -> None:
        """Append output of this attempt. Its first line says when the attempt began, and where."""
        with self._lock, contextlib.suppress(OSError):
            if self._file is None:
                self._waiting += data
                if not self.path.parent.is_dir():
                    return
                self._file = self._open()
                data, self._waiting = self._heading() + self._waiting, b""
            while data:
                data = data[os.write(self._file, data) :]

    def _open(self) -> int:
        if self.path.exists() and self.path.stat().st_size > MOST_BYTES:
            self.path.replace(self.path.with_name(self.path.name + OLDER))
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _heading(self) -> bytes:
        began = self._began.strftime("%Y-%m-%d %H:%M:%S UTC")
        return f"--- attempt of {began} on {platform.node()}, process {os.getpid()} ---\n".encode()
