"""Where the files of DQN-replay are: in a folder of the user's, or on a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from bench.core.files import DownloadFailed
from bench.datasets.readers.download import announced, fetch

PUBLISHED = "https://storage.googleapis.com/atari-replay-datasets/dqn"
RUN = "1"  # of five; the paper's code reads the first
FOLDER = "replay_logs"
REFUSED = (
    "The place where DQN-replay was published has refused everybody since April 2025. The data that are made here, "
    "config's `source: generated`, need no download. If you have a copy, give its folder: "
    "`bench data fetch {task} --from FOLDER`, with {path} inside"
)


class Files(Protocol):
    """The files of one game."""

    @property
    def name(self) -> str:
        """Return where they are from, for a manifest: nothing of the user's own paths."""

    def __call__(self, name: str) -> Path | None:
        """Return a file, fetched if need be, or None where there is none of this name."""


def files_of(game: str, source: str | Path | None) -> Files:
    """Return the files of a game.

    Args:
        game: its domain, such as `breakout`.
        source: a folder, an address that begins with http:// or https://, or None for where they
            were published. `Breakout/1/replay_logs` is looked for below, and `dqn/` before that; a
            folder may also be that one itself.

    Raises:
        FileNotFoundError: the folder holds no logs of the game.
    """
    below = Path(game.capitalize(), RUN, FOLDER)
    if source is None or str(source).startswith(("http://", "https://")):
        address = str(source or PUBLISHED).rstrip("/")
        refused = REFUSED.format(task=f"{game}-replay", path=below)
        return Server(f"{address}/{below.as_posix()}", cache_folder() / "dqn" / below, refused)
    root = Path(source)
    candidates = [root / "dqn" / below, root / below]
    if root.resolve().parts[-3::2] == (game.capitalize(), FOLDER):  # another run, too
        candidates.append(root)
    for folder in candidates:
        if any(folder.glob("*_ckpt.*.gz")):
            return Folder(folder)
    raise FileNotFoundError(
        f"no logs of {game} at {root}: there must be {below} below it, with files like "
        "$store$_observation_ckpt.0.gz"
    )


@dataclass(frozen=True)
class Folder:
    """Files that the user has."""

    path: Path

    @property
    def name(self) -> str:
        """Return the last parts of the path, like Breakout/1/replay_logs."""
        return "/".join(self.path.resolve().parts[-3:])

    def __call__(self, name: str) -> Path | None:
        """Return a file, or None where there is none of this name."""
        path = self.path / name
        return path if path.exists() else None


@dataclass(frozen=True)
class Server:
    """Files that are fetched once, to a folder that keeps them.

    Attributes:
        name: the address of their folder.
        cache: where they go.
        refused: what is said to whom the server refuses a file.
    """

    name: str
    cache: Path
    refused: str

    def __call__(self, name: str) -> Path | None:
        """Return a file, fetched if need be, or None where the server has none of this name.

        Raises:
            DownloadFailed: the server refuses, or it was cut too often.
            DamagedFile: what came is not what the server announced.
            DiskFull: no space; what came is kept.
        """
        path = self.cache / name
        if path.exists():
            return path
        url = f"{self.name}/{quote(name)}"
        try:
            file = announced(url)
            if file is None:
                return None
            fetch([url], path, size=file.size, digest=file.md5, option="--from")
        except DownloadFailed as error:
            raise DownloadFailed(f"{error}. {self.refused}") from error
        return path


def cache_folder() -> Path:
    """Return where downloads are kept: $DQN_REPLAY_DIR, or ~/.dqn_replay."""
    return Path(os.environ.get("DQN_REPLAY_DIR") or Path.home() / ".dqn_replay")
