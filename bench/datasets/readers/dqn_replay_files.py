"""The files of DQN-replay: in a local folder, or on a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from bench.core.files import DownloadFailed
from bench.datasets.readers.download import announced, fetch

PUBLISHED = "https://storage.googleapis.com/atari-replay-datasets/dqn"
RUN = "1"  # the first of five runs, as in the paper's code
FOLDER = "replay_logs"
REFUSED = (
    "The public bucket of DQN-replay has returned HTTP 403 since April 2025. Generated data need no download: set "
    "`source: generated` in the config. If you have a copy of the logs, give its folder: "
    "`bench data fetch {task} --from FOLDER`, where FOLDER contains {path}"
)


class Files(Protocol):
    """The files of one game."""

    @property
    def name(self) -> str:
        """Return the origin of the files, for a manifest. It contains no private path of the user."""

    def __call__(self, name: str) -> Path | None:
        """Return the file of this name, or None if there is no such file. It may be fetched first."""


def files_of(game: str, source: str | Path | None) -> Files:
    """Return the files of a game.

    Args:
        game: the domain of the game, such as `breakout`.
        source: a folder, or an address that begins with http:// or https://; None for the published address. A
            folder must contain `dqn/Breakout/1/replay_logs` or `Breakout/1/replay_logs`, or be such a
            `replay_logs` folder itself.

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
    if root.resolve().parts[-3::2] == (game.capitalize(), FOLDER):  # of any run
        candidates.append(root)
    for folder in candidates:
        if any(folder.glob("*_ckpt.*.gz")):
            return Folder(folder)
    raise FileNotFoundError(
        f"no logs of {game} at {root}: the folder must contain {below}, with files like "
        "$store$_observation_ckpt.0.gz"
    )


@dataclass(frozen=True)
class Folder:
    """Files in a local folder."""

    path: Path

    @property
    def name(self) -> str:
        """Return the last three parts of the path, like Breakout/1/replay_logs."""
        return "/".join(self.path.resolve().parts[-3:])

    def __call__(self, name: str) -> Path | None:
        """Return the file of this name, or None if there is no such file."""
        path = self.path / name
        return path if path.exists() else None


@dataclass(frozen=True)
class Server:
    """Files on a server. Each is fetched once and kept in a local folder.

    Attributes:
        name: the address of the folder on the server.
        cache: the local folder.
        refused: the end of the message when a download fails.
    """

    name: str
    cache: Path
    refused: str

    def __call__(self, name: str) -> Path | None:
        """Return the file of this name, or None if the server does not have it. A missing file is fetched.

        Raises:
            DownloadFailed: the server refuses, or the connection broke too often.
            DamagedFile: the received file is not the announced one.
            DiskFull: the file system has no space left. The received bytes are kept.
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
    """Return the folder of downloads: $DQN_REPLAY_DIR, or ~/.dqn_replay."""
    return Path(os.environ.get("DQN_REPLAY_DIR") or Path.home() / ".dqn_replay")
