"""Logs of DQN-replay for the tests of its readers, and a server of them."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.datasets.readers.dqn_replay import Sampling
from bench.tasks.registry import task_by_name

TASK = task_by_name("breakout-replay")
CAPACITY = 250
LENGTHS = [6 + 7 * i % 11 for i in range(160)]  # 6 to 16 steps


def below(root: Path) -> Path:
    """Return the folder of the game's logs."""
    return root / "dqn" / "Breakout" / "1" / "replay_logs"


def small(steps: int = 500, seed: int = 0) -> Sampling:
    """Return a sampling of the first 200 rows of each log."""
    return Sampling(steps=steps, seed=seed, rows=200)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, knows ranges, and can refuse."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"].removeprefix("bytes=").rstrip("-")
        self.server.asked.append(self.path)
        content = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(206)
        size = len(content)
        self.send_header("Content-Range", f"bytes {asked}-{size - 1}/{size}")
        self.send_header("Content-Length", str(size - int(asked)))
        self.end_headers()
        self.wfile.write(content[int(asked) :])

    def do_HEAD(self) -> None:
        if self.server.status != 200:
            self.send_error(self.server.status)
        else:
            super().do_HEAD()

    def end_headers(self) -> None:
        if self.server.md5 and self.command == "HEAD":
            self.send_header("x-goog-hash", "crc32c=n03x6A==")
            self.send_header("x-goog-hash", f"md5={self.server.md5}")
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Serves the logs below a folder; `asked` are the paths that were fetched."""

    status, md5 = 200, ""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/dqn"
