"""Which large files were read to their end once, so that their checksum need not be compared again."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, read_json, write_json

NAME = "checked.json"


class Checked:
    """The list of files whose checksum was compared, in a folder. A file that changed since then is not on it."""

    def __init__(self, folder: Path) -> None:
        """Read the list. A list that is missing or damaged is empty."""
        self._path = folder / NAME
        self._facts: dict[str, Any] = {}
        with contextlib.suppress(OSError, DamagedFile):
            content = read_json(self._path)
            self._facts = content if isinstance(content, dict) else {}

    def holds(self, path: Path) -> bool:
        """Return whether this file was read to its end, as it is now."""
        return self._facts.get(str(path.resolve())) == _state(path)

    def add(self, path: Path) -> None:
        """Note that this file was read to its end. In a folder that cannot be written, this lasts as long as the
        process.
        """
        self._facts[str(path.resolve())] = _state(path)
        with contextlib.suppress(OSError):
            write_json(self._path, self._facts)


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
