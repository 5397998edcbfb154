"""A manifest of somebody else, with a valid digest: only the arrays of a data set are opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.files import DamagedFile, digest, read_json, sha256, write_json
from bench.datasets import storage
from bench.datasets.manifest import check_manifest
from bench.datasets.readers.remarks import Remarks
from bench.datasets.trajectories import Trajectories
from tests.helpers.atari import make_frames
from tests.helpers.cli import fails, train
from tests.helpers.five_steps import five

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def folder(with_ends: Trajectories, tmp_path: Path) -> Path:
    storage.save(with_ends, tmp_path / "set", {"source": "hand", "task": "hopper-medium"})
    return tmp_path / "set"


def resign(folder: Path, change: Change) -> None:
    """Change the manifest and give it a valid digest."""
    manifest = read_json(folder / storage.MANIFEST)
    change(manifest)
    write_json(folder / storage.MANIFEST, manifest | {"digest": digest(manifest)})


def named(name: str) -> Change:
    """Return a change that gives the array of rewards another name."""
    return lambda m: m["arrays"].__setitem__(name, m["arrays"]["rewards"])


def of(key: str, value: Any) -> Change:
    return lambda m: m.__setitem__(key, value)


def array(key: str, value: Any, name: str = "rewards") -> Change:
    return lambda m: m["arrays"][name].__setitem__(key, value)


HOSTILE: list[tuple[Change, str]] = [
    (named("../../../x"), "it names the array '../../../x'; known arrays: observations, actions"),
    (named("/etc/passwd"), "it names the array '/etc/passwd'"),
    (named("rewards/../rewards"), "it names the array 'rewards/../rewards'"),
    (named("frame_index"), "it names the array 'frame_index'"),
    (named("\x1b[2J"), r"it names the array '\\x1b\[2J'"),
    (named("x" * 1000), "it names the array 'x{80}'"),
    (lambda m: m["arrays"].pop("terminals"), "it has no array 'terminals'"),
    (of("arrays", []), "its arrays is not an object"),
    (array("sha256", "../x"), "its array rewards needs a shape, a dtype of float32, and a SHA-256"),
    (array("sha256", None), "its array rewards needs"),
    (array("dtype", "object"), "its array rewards needs"),
    (array("shape", [-1]), "its array rewards needs"),
    (array("shape", "9"), "its array rewards needs"),
    (array("shape", [10]), r"its rewards have shape \[10\], but there are 9 rows"),
    (array("shape", [9, 1]), r"its rewards have shape \[9, 1\]"),
    (array("shape", [9], "observations"), "the shapes of its observations and actions"),
    (array("shape", [3, 7], "final_observations"), "the shapes of its observations and actions"),
    (array("shape", [4, 2], "final_observations"), "its final_observations have shape"),
    (of("steps", 5), "its actions have shape"),
    (of("steps", 0), "its steps is not a number above 0"),
    (of("steps", "9"), "its steps is not a number above 0"),
    (of("episodes", 4), "its final_observations have shape"),
    (of("stack", 0), "its stack is not a number above 0"),
    (of("stack", 4), "its stack is of frames, but its observations are none"),
    (of("observation_mean", [1.0]), "its observation_mean has 1 values, expected 2"),
    (of("observation_std", "wide"), "its observation_std is not a list of numbers"),
    (of("action_range", [True, None]), "its action_range is not a list of numbers"),
    (of("action_range", [-1.0]), "its action_range has 1 values, expected 2"),
    (of("returns", []), "its returns has 0 values, expected 3"),
    (of("lengths", [1.5, 2, 3]), "its lengths is not a list of numbers of steps"),
    (of("length", {}), "its length is not an object with mean, std, min, max"),
    (of("scores", [1.0]), "its scores has 1 values, expected 3"),
    (lambda m: m.pop("timeouts"), "its timeouts is not a number"),
    (of("task", ["x"]), "its task is not a text"),
    (of("source", 7), "its source is not a text"),
    (of("origin", "there"), "its origin is not what an import records"),
    (of("origin", {"left_out": 3}), "its origin is not what an import records"),
    (of("origin", {"left_out": {"steps": "1"}}), "its origin is not what an import records"),
    (of("origin", {"arrays_ignored": [7]}), "its origin is not what an import records"),
    (of("origin", {"actions_rescaled_from": {"low": 1}}), "its origin is not what an import"),
    (of("parts", [{"policy": "a", "steps": "many"}]), "its parts is not a list of objects"),
]


@pytest.mark.parametrize(("change", "message"), HOSTILE)
def test_a_manifest_that_names_something_else(folder: Path, change: Change, message: str) -> None:
    resign(folder, change)
    with pytest.raises(DamagedFile, match=rf"manifest\.json cannot be used: {message}"):
        storage.load(folder)


@pytest.mark.parametrize("change", [named("../../../x"), of("length", {}), of("task", ["x"])])
def test_each_command_ends_with_one_line(
    folder: Path, change: Change, capsys: pytest.CaptureFixture[str]
) -> None:
    resign(folder, change)
    for command in (
        ["data", "verify", str(folder)],
        ["data", "describe", str(folder)],
        ["data", "export", str(folder), "--minari-id", "mine/x-v0"],
        train(folder),
    ):
        assert f"{folder / 'manifest.json'} cannot be used: it" in fails(capsys, *command)


def test_what_the_suite_writes_passes(with_ends: Trajectories, tmp_path: Path) -> None:
    views = np.zeros((6, 5, 5, 3), dtype=np.uint8)
    games = make_frames(scores=[1.0, 2.0, 3.0, 4.0])
    for data in (with_ends, five(observations=views, final_observations=views[:2]), games):
        storage.save(data, tmp_path / "set", {"source": "hand", "origin": Remarks().record()})
        check_manifest(storage.read_manifest(tmp_path / "set"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(9), r"it holds \(9,\) float64"),
        (np.zeros((9, 1), dtype=np.float32), r"it holds \(9, 1\) float32"),
        (np.zeros(8, dtype=np.float32), r"it holds \(8,\) float32"),
        (np.zeros(9, dtype=">f4"), r"it holds \(9,\) >f4"),
    ],
    ids=["type", "column", "short", "order"],
)
def test_an_array_that_is_not_as_the_manifest_says(folder: Path, values: Any, message: str) -> None:
    path = folder / "rewards.npy"
    np.save(path, values)
    resign(folder, array("sha256", sha256(path)))
    with pytest.raises(DamagedFile, match=rf"rewards\.npy is not the array .*{message}"):
        storage.load(folder)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x03\x00", b"text", b"more"], ids=str)
def test_bytes_that_are_no_array(folder: Path, content: bytes) -> None:
    path = folder / "rewards.npy"
    path.write_bytes(path.read_bytes() + content if content == b"more" else content)
    resign(folder, array("sha256", sha256(path)))
    with pytest.raises(DamagedFile, match=r"rewards\.npy is not the array"):
        storage.load(folder)
