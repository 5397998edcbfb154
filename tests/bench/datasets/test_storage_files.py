"""The files of a data set: written, read back, and refused where they are damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bench.core.files import DamagedFile, digest, sha256
from bench.datasets.build import from_arrays
from bench.datasets.consistency import check
from bench.datasets.storage import load, save
from bench.datasets.trajectories import ARRAYS, Trajectories
from tests.helpers.episodes import arrays, of_returns


@pytest.fixture
def folder(ten: Trajectories, tmp_path: Path) -> Path:
    save(ten, tmp_path / "set", {"source": "hand"})
    return tmp_path / "set"


def test_round_trip(ten: Trajectories, folder: Path) -> None:
    back = load(folder)
    for name in (*ARRAYS, "episode_starts", "observation_mean", "observation_std"):
        np.testing.assert_array_equal(getattr(back, name), getattr(ten, name))
        assert getattr(back, name).dtype == getattr(ten, name).dtype
    assert (back.action_low, back.action_high) == (-1.0, 1.0)
    check(back, "back")


def test_round_trip_of_another_range_of_actions(tmp_path: Path) -> None:
    save(from_arrays(**arrays(), action_range=(-0.4, 2.5)), tmp_path, {})
    assert (load(tmp_path).action_low, load(tmp_path).action_high) == (-0.4, 2.5)


def test_loaded_arrays_are_mapped_and_read_only(folder: Path) -> None:
    back = load(folder)
    for name in ARRAYS:
        assert isinstance(getattr(back, name), np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            getattr(back, name)[0] = 0


def test_the_manifest_describes_the_data(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["source"] == "hand"
    assert (manifest["episodes"], manifest["steps"]) == (3, 9)
    assert (manifest["terminals"], manifest["timeouts"]) == (2, 1)
    assert manifest["returns"] == [6, 4, 5]
    assert manifest["lengths"] == [3, 2, 4]
    assert manifest["return"] == {"mean": 5, "std": 1, "min": 4, "max": 6}
    assert manifest["arrays"]["observations"]["shape"] == [9, 2]


def test_returns_keep_four_digits_in_the_manifest(tmp_path: Path) -> None:
    save(of_returns([[1.0, 0.23456], [-1000.5, 0.00004]]), tmp_path, {})
    assert json.loads((tmp_path / "manifest.json").read_text())["returns"] == [1.2346, -1000.5]
    save(of_returns([[3.14159]]), tmp_path, {})
    assert json.loads((tmp_path / "manifest.json").read_text())["returns"] == [3.1416]


def test_saving_twice_gives_the_same_bytes(ten: Trajectories, folder: Path, tmp_path: Path) -> None:
    save(ten, tmp_path / "again", {"source": "hand"})
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("place", [0, 0.5, -1], ids=["header", "middle", "last"])
def test_a_flipped_byte_is_noticed(folder: Path, name: str, place: float) -> None:
    path = folder / f"{name}.npy"
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if place >= 0 else -1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        load(folder)


@pytest.mark.parametrize("size", [0, 40, -1], ids=["empty", "in-header", "one-byte"])
def test_a_truncated_array_is_noticed(folder: Path, size: int) -> None:
    path = folder / "rewards.npy"
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        load(folder)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_missing_array_is_noticed(folder: Path, name: str) -> None:
    (folder / f"{name}.npy").unlink()
    with pytest.raises(DamagedFile, match=f"{folder / name}.npy is missing"):
        load(folder)


def test_a_data_set_without_a_manifest_is_unfinished(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(FileNotFoundError, match=f"no data set at {folder}"):
        load(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"format": 1, "arr',
        "<html>",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": 2, "arrays": {}}',
    ]
    + ['{"format": 1, "arrays": {}}'],
    ids=["empty", "truncated", "page", "list", "null", "bare", "other-format", "no-arrays"],
)
def test_a_damaged_manifest_is_refused_by_name(folder: Path, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    with pytest.raises(DamagedFile, match=str(folder / "manifest.json")):
        load(folder)


def test_another_format_is_refused_even_with_a_true_digest(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | {"format": 1}
    path.write_text(json.dumps(manifest | {"digest": digest(manifest)}))
    with pytest.raises(DamagedFile, match=f"{path} is .* format 2"):
        load(folder)


def test_changed_statistics_in_the_manifest_are_noticed(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["observation_mean"][0] = 80.0
    path.write_text(json.dumps(manifest))
    with pytest.raises(DamagedFile, match=str(path)):
        load(folder)


def test_pickled_objects_are_never_loaded(folder: Path) -> None:
    path = folder / "rewards.npy"
    np.save(path, np.array([{"not": "a number"}] * 9, dtype=object), allow_pickle=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"]["rewards"]["sha256"] = sha256(path)
    manifest["digest"] = digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DamagedFile, match=r"rewards\.npy is not the array .*holds Python objects"):
        load(folder)


def test_a_data_set_may_be_moved(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder, tmp_path / "elsewhere")
    assert load(tmp_path / "elsewhere").returns.tolist() == [6, 4, 5]


def test_final_observations_are_stored_and_mapped(
    with_ends: Trajectories, ten: Trajectories, tmp_path: Path
) -> None:
    save(with_ends, tmp_path / "set", {"source": "hand"})
    back = load(tmp_path / "set").final_observations
    assert isinstance(back, np.memmap)
    np.testing.assert_array_equal(back, with_ends.final_observations)
    save(ten, tmp_path / "set", {"source": "hand"})  # over it, now without
    assert load(tmp_path / "set").final_observations is None
    assert not (tmp_path / "set" / "final_observations.npy").exists()
