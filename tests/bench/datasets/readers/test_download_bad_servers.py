"""The downloader against servers that answer nonsense, and against itself in another process."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from bench.core.files import DamagedFile, DownloadFailed
from bench.datasets.readers import download
from bench.datasets.readers.download import ATTEMPTS, fetch

CONTENT = np.random.default_rng(0).bytes(1_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PATIENCE = 40  # requests until the server itself gives up, so that no test hangs


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.places = itertools.cycle([300_000, 200_000, 400_000, 100_000, 350_000])
        self.half, self.second, self.go = (threading.Event() for _ in range(3))

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client hangs up on answers it does not want."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if len(self.server.asked) > PATIENCE:
            self.send_error(410)
            return
        ANSWERS[self.path](self, int(self.headers["Range"].removeprefix("bytes=").rstrip("-")))

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def part(self, start: int, body: bytes, **headers: str) -> None:
        span = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.answer(206, body, Content_Range=span, **headers)

    def changing(self) -> None:
        """Ignore the range and cut, each time at another place."""
        self.answer(200, CONTENT[: next(self.server.places)], Content_Length=str(len(CONTENT)))

    def slow(self, start: int) -> None:
        """Send half; the rest when the test says so."""
        if self.server.half.is_set():
            self.server.second.set()
        self.part(start, CONTENT[start : start + 500_000], Content_Length=str(len(CONTENT) - start))
        self.server.half.set()
        self.server.go.wait(10)
        self.wfile.write(CONTENT[start + 500_000 :])

    def log_message(self, *arguments: object) -> None:
        pass


PAGE = b"<!DOCTYPE html><html>down for maintenance</html>"
ANSWERS: dict[str, Callable[[Handler, int], None]] = {
    "/good": lambda handler, start: handler.part(start, CONTENT[start:]),
    "/empty": lambda handler, start: handler.answer(200, b""),
    "/page": lambda handler, start: handler.answer(200, PAGE),
    "/nothing-more": lambda handler, start: handler.part(start, b""),
    "/changing": lambda handler, start: handler.changing(),
    "/few": lambda handler, start: handler.part(
        start, CONTENT[start:][:100_000], Content_Length=str(len(CONTENT) - start)
    ),
    "/words": lambda handler, start: handler.answer(200, CONTENT, Content_Length="abc"),
    "/other": lambda handler, start: handler.part(start, CONTENT[::-1][start:]),
    "/slow": lambda handler, start: handler.slow(start),
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "PAUSE", 0, raising=False)
    serving = Server()
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield serving
    serving.shutdown()
    serving.server_close()


def get(server: Server, target: Path, *paths: str) -> bytes:
    urls = [f"http://127.0.0.1:{server.server_address[1]}{path}" for path in paths]
    fetch(urls, target, size=len(CONTENT), digest=DIGEST)
    return target.read_bytes()


@pytest.mark.parametrize("path", ["/empty", "/page", "/nothing-more", "/changing"])
def test_a_server_that_never_gives_the_file_is_soon_left_alone(
    server: Server, tmp_path: Path, path: str
) -> None:
    with pytest.raises(DownloadFailed, match=path):
        get(server, tmp_path / "data", path)
    assert len(server.asked) <= ATTEMPTS + 3  # three records among the changing places
    server.asked.clear()
    assert get(server, tmp_path / "data", path, "/good") == CONTENT
    assert server.asked[-1] == "/good"
    assert len(server.asked) <= ATTEMPTS + 4


def test_a_page_without_a_type_is_called_a_page(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="the server sent a web page, not the file"):
        get(server, tmp_path / "data", "/page")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_answer_keeps_what_has_arrived(server: Server, tmp_path: Path) -> None:
    (tmp_path / "data.part").write_bytes(CONTENT[:1000])
    with pytest.raises(DownloadFailed, match=r"1,000 of 1,000,000 bytes are kept"):
        get(server, tmp_path / "data", "/empty")
    assert (tmp_path / "data.part").read_bytes() == CONTENT[:1000]


def test_tries_are_some_time_apart(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(download, "PAUSE", 0.5, raising=False)
    monkeypatch.setattr("time.sleep", slept.append)
    with pytest.raises(DownloadFailed):
        get(server, tmp_path / "data", "/empty")
    assert slept == [0.5, 1.0, 1.5, 2.0]


def test_a_server_that_cuts_after_few_bytes_gives_the_file_in_the_end(
    server: Server, tmp_path: Path
) -> None:
    assert get(server, tmp_path / "data", "/few") == CONTENT
    assert len(server.asked) <= PATIENCE


def test_a_length_that_is_no_number_leads_to_the_mirror(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="the server announced 'abc' bytes"):
        get(server, tmp_path / "data", "/words")
    assert get(server, tmp_path / "data", "/words", "/good") == CONTENT


def test_wrong_bytes_of_the_right_size_lead_to_the_mirror(server: Server, tmp_path: Path) -> None:
    assert get(server, tmp_path / "data", "/other", "/good") == CONTENT
    assert server.asked == ["/other", "/good"]
    (tmp_path / "data").unlink()
    with pytest.raises(DamagedFile, match=rf"/other: .* not {DIGEST}\. .*/empty: "):
        get(server, tmp_path / "data", "/other", "/empty")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1_000_000, 1_000_001])
def test_a_part_that_cannot_become_the_file_is_forgotten(
    server: Server, tmp_path: Path, size: int
) -> None:
    (tmp_path / "data.part").write_bytes(b"x" * size)
    assert get(server, tmp_path / "data", "/good") == CONTENT
    assert server.asked == ["/good"]


def test_one_of_two_downloads_and_the_other_waits(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(get, server, tmp_path / "data", "/slow")
        assert server.half.wait(10)
        second = pool.submit(get, server, tmp_path / "data", "/slow")
        assert not server.second.wait(0.5)
        server.go.set()
        assert first.result(10) == second.result(10) == CONTENT
    assert server.asked == ["/slow"]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert "waiting for another process that downloads data" in capsys.readouterr().err
