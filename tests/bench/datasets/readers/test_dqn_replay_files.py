"""Where the logs of DQN-replay come from: a folder at any height, or a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from bench.core.files import DamagedFile, DownloadFailed
from bench.datasets import storage
from bench.datasets.readers import download
from bench.datasets.readers.dqn_replay import GAMES, obtain
from bench.tasks.registry import task_by_name
from tests.helpers.dqn_replay import TASK, Server, below, small


@pytest.mark.parametrize("part", ["", "dqn", "dqn/Breakout/1/replay_logs"])
def test_the_folder_may_be_given_at_any_height(part: str, root: Path, tmp_path: Path) -> None:
    obtain(TASK, tmp_path / "set", root / part, small(60))
    assert storage.load(tmp_path / "set").episodes >= GAMES


@pytest.mark.parametrize("part", ["dqn/Breakout", "dqn/Breakout/1", "nowhere"])
def test_a_folder_without_the_games_logs_is_refused(part: str, root: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder must contain Breakout/1/replay_logs"):
        obtain(TASK, tmp_path / "set", root / part, small())
    with pytest.raises(FileNotFoundError, match="no logs of pong at"):
        obtain(task_by_name("pong-replay"), tmp_path / "set", below(root), small())
    assert not (tmp_path / "set").exists()


@pytest.fixture
def server(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("DQN_REPLAY_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "PAUSE", 0)
    serving = Server(root)
    Thread(target=serving.serve_forever, args=(0.01,), daemon=True).start()
    yield serving
    serving.shutdown()
    serving.server_close()


def test_files_are_fetched_once_and_give_the_same_data(
    server: Server, root: Path, tmp_path: Path
) -> None:
    obtain(TASK, tmp_path / "folder", root, small(300))
    for name in ("first", "second"):
        obtain(TASK, tmp_path / name, server.url, small(300))
    for name in ("observations.npy", "actions.npy", "rewards.npy"):
        same = [(tmp_path / kind / name).read_bytes() for kind in ("folder", "first", "second")]
        assert same[0] == same[1] == same[2]
    assert len(server.asked) == len(set(server.asked))
    taken = storage.read_manifest(tmp_path / "first")["origin"]["rows_taken"]
    frames = [path for path in server.asked if "observation" in path]
    assert len(frames) == len(taken)  # only of the logs that are drawn
    assert obtain(TASK, tmp_path / "third", tmp_path / "cache", small(300))


def test_frames_that_were_cut_are_gone_on_with(server: Server, root: Path, tmp_path: Path) -> None:
    obtain(TASK, tmp_path / "set", server.url, small(300))
    cached = sorted((tmp_path / "cache").rglob("*observation*"))[0]
    content = cached.read_bytes()
    cached.with_name(f"{cached.name}.part").write_bytes(content[:1000])
    cached.unlink()
    obtain(TASK, tmp_path / "set", server.url, small(300))
    assert cached.read_bytes() == content


def test_bytes_that_are_not_the_announced_ones(server: Server, tmp_path: Path) -> None:
    server.md5 = "Ojk9c3dhfxgoKVVHYwFbHQ=="
    with pytest.raises(DamagedFile, match=r"have MD5 \w{32}, not 3a393d737761"):
        obtain(TASK, tmp_path / "set", server.url, small())


@pytest.mark.parametrize("status", [403, 500])
def test_a_refusal_says_what_there_is_instead(status: int, server: Server, tmp_path: Path) -> None:
    server.status = status
    with pytest.raises(DownloadFailed) as error:
        obtain(TASK, tmp_path / "set", server.url, small())
    said = str(error.value)
    assert f"the server answered {status}" in said
    assert "%24store%24_terminal_ckpt." in said
    assert "has returned HTTP 403 since April 2025" in said
    assert "`source: generated`" in said
    assert "bench data fetch breakout-replay --from FOLDER" in said


def test_no_server_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DQN_REPLAY_DIR", str(tmp_path / "cache"))
    with pytest.raises(DownloadFailed, match="Failed to establish a new connection"):
        obtain(TASK, tmp_path / "set", "http://127.0.0.1:9/dqn", small())
