"""The downloader against a real HTTP server on the loopback that misbehaves on request."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bench.core.files import DamagedFile, DiskFull, DownloadFailed
from bench.datasets.readers import download
from bench.datasets.readers.download import fetch

CONTENT = np.random.default_rng(0).bytes(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    cuts: int = 0  # connections still to be cut half-way
    ranges: bool = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client hangs up on answers it does not want."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.asked.append((self.path, asked))
        if self.path.startswith("/status/"):
            self.send_error(int(self.path.split("/")[-1]))
            return
        if self.path == "/page":
            body = b"<!DOCTYPE html><html>down for maintenance</html>"
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        content = {"/file": CONTENT, "/other": CONTENT[::-1], "/short": CONTENT[:1000]}[self.path]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if self.server.ranges else 0
        body = content[start:]
        self.send_response(206 if self.server.ranges else 200)
        if self.server.ranges:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        if self.server.cuts > 0:
            self.server.cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE", 0)


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield serving
    serving.shutdown()
    serving.server_close()


def url(server: Server, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def get(server: Server, tmp_path: Path, *paths: str, size: int = len(CONTENT)) -> Path:
    target = tmp_path / "folder" / "data.hdf5"
    fetch([url(server, path) for path in paths], target, size=size, digest=DIGEST)
    return target


def test_a_file_arrives_whole(server: Server, tmp_path: Path) -> None:
    target = get(server, tmp_path, "/file")
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["data.hdf5"]


def test_a_cut_connection_is_gone_on_with_where_it_was_cut(server: Server, tmp_path: Path) -> None:
    server.cuts = 3
    assert get(server, tmp_path, "/file").read_bytes() == CONTENT
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for _, asked in server.asked]
    assert len(starts) == 4
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert starts[1] > 0


def test_an_earlier_part_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data.hdf5.part").write_bytes(CONTENT[:1_234_567])
    assert get(server, tmp_path, "/file").read_bytes() == CONTENT
    assert server.asked == [("/file", "bytes=1234567-")]


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data.hdf5.part").write_bytes(b"x" * 1000)
    assert get(server, tmp_path, "/file").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 500])
def test_the_mirror_is_asked_when_the_first_refuses(
    server: Server, tmp_path: Path, status: int
) -> None:
    assert get(server, tmp_path, f"/status/{status}", "/file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/status/403", "403 Forbidden"),
        ("/status/404", "404 Not Found"),
        ("/page", "a page \\(text/html\\)"),
        ("/short", "has 1,000 bytes, not 3,000,000"),
    ],
)
def test_a_refusal_names_the_reason_and_leaves_nothing(
    server: Server, tmp_path: Path, path: str, reason: str
) -> None:
    with pytest.raises(DownloadFailed, match=reason) as failure:
        get(server, tmp_path, path)
    assert "--file" in str(failure.value)
    assert not (tmp_path / "folder" / "data.hdf5").exists()


def test_no_server_at_all_is_named(tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"http://127\.0\.0\.1:9/file"):
        fetch(["http://127.0.0.1:9/file"], tmp_path / "data", size=10, digest="")


def test_wrong_bytes_of_the_right_size_are_deleted(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=DIGEST):
        get(server, tmp_path, "/other")
    assert list((tmp_path / "folder").iterdir()) == []


def test_too_little_space_is_said_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("bench.datasets.readers.download.shutil.disk_usage", lambda path: usage)
    with pytest.raises(DiskFull, match="3,000,000 bytes are missing, but 10 are free"):
        get(server, tmp_path, "/file")


def test_a_server_that_is_not_there_is_said_in_a_few_words(tmp_path: Path) -> None:
    url = "http://127.0.0.1:9/file"
    with pytest.raises(DownloadFailed) as failure:
        fetch([url], tmp_path / "file", size=len(CONTENT), digest=DIGEST)
    assert f"{url}: Failed to establish a new connection: [Errno 111]" in str(failure.value)
    assert "HTTPConnectionPool" not in str(failure.value)
