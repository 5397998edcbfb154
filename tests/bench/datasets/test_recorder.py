"""Episodes of video written as they come are the data set that `save` would have written at once."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.code import ROOT
from bench.core.files import DamagedFile, DiskFull
from bench.datasets import recorder
from bench.datasets.recorder import Video, record, refuse_without_space
from bench.datasets.storage import load, read_manifest, save
from bench.datasets.trajectories import Trajectories
from tests.bench.core.test_files import can_mount
from tests.helpers.frames import STACK, make_frames


def videos(data: Trajectories) -> Iterator[Video]:
    final, scores = data.final_observations, data.scores
    for e, (start, stop) in enumerate(
        zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    ):
        yield Video(
            data.observations[start:stop],
            data.actions[start:stop],
            data.rewards[start:stop],
            bool(data.terminals[stop - 1]),
            None if final is None else final[e],
            None if scores is None else float(scores[e]),
        )


def write(data: Trajectories, folder: Path) -> Trajectories:
    about = {"source": "hand"}
    return record(videos(data), folder, lambda: about, stack=STACK, n_actions=data.n_actions)


@pytest.mark.parametrize("known", [True, False])
def test_the_files_are_those_of_a_save_byte_for_byte(known: bool, tmp_path: Path) -> None:
    data = make_frames((5, 2, 7), **({} if known else {"final_observations": None, "scores": None}))
    save(data, tmp_path / "saved", {"source": "hand"})
    write(data, tmp_path / "recorded")
    for path in (tmp_path / "saved").iterdir():
        assert path.read_bytes() == (tmp_path / "recorded" / path.name).read_bytes(), path.name
    names = [{p.name for p in (tmp_path / kind).iterdir()} for kind in ("saved", "recorded")]
    assert names[0] == names[1]


def test_what_comes_back_is_mapped_and_the_same(tmp_path: Path) -> None:
    data = make_frames((5, 2, 7))
    read = write(data, tmp_path)
    assert isinstance(read.observations, np.memmap)
    assert not read.observations.flags.writeable
    for name in (
        "observations",
        "actions",
        "rewards",
        "terminals",
        "timeouts",
        "episode_starts",
        "scores",
    ):
        mine, other = getattr(data, name), getattr(read, name)
        np.testing.assert_array_equal(mine, other)
        assert mine.dtype == other.dtype
    assert (read.stack, read.n_actions, read.observation_std.shape) == (STACK, 3, (1, 1, 1))
    np.testing.assert_array_equal(read.final_observations, data.final_observations)
    steps = np.arange(data.steps)
    np.testing.assert_array_equal(read.stacked(steps), data.stacked(steps))


def test_a_cut_is_saved_with_its_own_frames(tmp_path: Path) -> None:
    part = make_frames((5, 2, 7)).select(np.array([2, 0]))
    save(part, tmp_path, {})
    read = load(tmp_path)
    assert (read.frame_index, len(read.observations)) == (None, 12)
    steps = np.arange(12)
    np.testing.assert_array_equal(read.stacked(steps), part.stacked(steps))


def test_a_changed_frame_is_found(tmp_path: Path) -> None:
    write(make_frames(), tmp_path)
    content = bytearray((tmp_path / "observations.npy").read_bytes())
    content[-1] ^= 1
    (tmp_path / "observations.npy").write_bytes(content)
    with pytest.raises(DamagedFile, match=r"observations\.npy is damaged"):
        load(tmp_path)


def test_memory_holds_an_episode_not_the_set(tmp_path: Path) -> None:
    """60 episodes of 1 MB each."""

    def endless() -> Iterator[Video]:
        for number in range(60):
            frames = np.full((150, 84, 84), number, dtype=np.uint8)
            yield Video(frames, np.zeros(150, np.int64), np.ones(150, np.float32), True, None, None)

    record(endless(), tmp_path / "warm", dict, stack=STACK, n_actions=2)  # imports
    tracemalloc.start()
    try:
        data = record(endless(), tmp_path / "set", dict, stack=STACK, n_actions=2)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert data.observations.nbytes == 60 * 150 * 84 * 84
    assert data.observations[::150, 0, 0].tolist() == list(range(60))
    assert peak < 4e6, f"{peak / 1e6:.1f} MB of {data.observations.nbytes / 1e6:.1f}"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_stops_half_way_leaves_what_was_there(
    error: type[BaseException], tmp_path: Path
) -> None:
    write(make_frames(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stopping() -> Iterator[Video]:
        yield next(videos(make_frames((9,))))
        raise error

    with pytest.raises(error):
        record(stopping(), tmp_path, dict, stack=STACK, n_actions=3)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_no_episode_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are no episodes, so there is no data set"):
        record(iter(()), tmp_path / "set", dict, stack=STACK, n_actions=3)
    assert list((tmp_path / "set").iterdir()) == []


def test_an_action_that_the_environment_lacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="actions hold 2, but the environment takes 0 to 1"):
        record(videos(make_frames()), tmp_path, dict, stack=STACK, n_actions=2)
    assert list(tmp_path.iterdir()) == []


def test_a_header_is_as_long_for_any_number_of_rows() -> None:
    lengths = set()
    for rows in (0, 7, 10**6, 10**15):
        buffer = io.BytesIO()
        recorder._header(buffer, rows, np.zeros((1, 84, 84), np.uint8))
        lengths.add(buffer.tell())
    assert len(lengths) == 1


def test_too_little_space_is_said_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 7055})
    monkeypatch.setattr("bench.datasets.recorder.shutil.disk_usage", lambda path: usage)
    refuse_without_space(tmp_path / "a" / "b", 1, 7055)
    with pytest.raises(DiskFull, match=r"set needs 705,600 bytes, but 7,055 are free"):
        refuse_without_space(tmp_path / "set", 100, 7056)


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_file_system_that_fills_up_while_frames_come(tmp_path: Path) -> None:
    program = """
from pathlib import Path
from tests.helpers.frames import make_frames
from tests.bench.datasets.test_recorder import write
from bench.core.files import DiskFull
folder = Path("data/set")
write(make_frames(), folder)
try:
    write(make_frames((200,) * 100), folder)
except DiskFull as error:
    print(error.strerror)
from bench.datasets.storage import load
print(load(folder).steps, sorted(path.name for path in folder.iterdir())[:2])
"""
    mount = 'mkdir data && mount -t tmpfs -o size=128k tmpfs data && exec "$1" -c "$2"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", sys.executable, program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"},
    )
    said = done.stdout.splitlines()
    assert said[0].startswith("no space left while writing data/set: an existing data set is kept")
    assert said[1] == "14 ['actions.npy', 'final_observations.npy']"


def test_the_manifest_of_a_video_says_so_and_no_other_does(
    toy: Trajectories, tmp_path: Path
) -> None:
    write(make_frames(), tmp_path / "video")
    save(toy, tmp_path / "vectors", {})
    video, vectors = (read_manifest(tmp_path / name) for name in ("video", "vectors"))
    new: dict[str, Any] = {key: video[key] for key in video.keys() - vectors.keys()}
    summary = {"mean": 10.0, "std": 10.0, "min": 0.0, "max": 20.0}
    assert new == {"source": "hand", "stack": 4, "score": summary, "scores": [0.0, 10.0, 20.0]}
    assert video["observation_std"] == [255.0]
