"""One data set takes the place of another: all of it or nothing."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.core.code import ROOT
from bench.core.files import DamagedFile, DiskFull, sha256
from bench.datasets import storage
from bench.datasets.build import from_arrays
from bench.datasets.readers import imported
from bench.datasets.readers.imported import Constants, import_data
from bench.datasets.storage import load, save
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import task_by_name
from tests.bench.core.test_files import can_mount


@pytest.fixture
def folder(toy: Trajectories, tmp_path: Path) -> Path:
    save(toy, tmp_path / "set", {"source": "hand"})
    return tmp_path / "set"


def test_a_save_that_is_stopped_keeps_the_old_data_set(
    toy: Trajectories, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(file: Any, array: Any, allow_pickle: bool) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.np, "save", full)
    with pytest.raises(DiskFull, match=f"while writing {folder}: an existing data set is kept"):
        save(toy.sparse(), folder, {"source": "hand"})
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_without_a_manifest_is_no_mixture(
    toy: Trajectories, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.replace

    def stopped(self: Path, target: Path) -> Path:
        if target == folder / "rewards.npy":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        save(toy.sparse(), folder, {"source": "hand"})
    with pytest.raises(FileNotFoundError, match="no data set at"):
        load(folder)


@pytest.mark.parametrize(
    ("discrete", "expected"),
    [
        (False, "a154da9083c5f2b0c61094caf74b77c3b5dc354de76c5210aad8b72924f167de"),
        (True, "da95c7fec3e69f15531a1ab5e5f46e928b8493b47582b1d9d4f9e58d637a283a"),
    ],
)
def test_manifests_stay_byte_for_byte_what_they_were(
    discrete: bool, expected: str, tmp_path: Path
) -> None:
    """Runs are recorded with the hash of their data's manifest: another byte, and all are done again."""
    data = from_arrays(
        np.arange(20, dtype=np.uint8 if discrete else np.float32).reshape(10, 2),
        np.zeros(10, np.int64) if discrete else np.zeros((10, 1), np.float32),
        np.arange(10, dtype=np.float32),
        np.arange(10) % 5 == 4,
        np.zeros(10, np.bool_),
        action_range=(0, 1) if discrete else (-1, 1),
        discrete=discrete,
    )
    save(data, tmp_path, {"source": "hand"})
    assert sha256(tmp_path / "manifest.json") == expected


def test_files_of_others_stay(toy: Trajectories, folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    save(toy.sparse(), folder, {"source": "hand"})
    assert (folder / "notes.txt").read_text() == "mine"
    assert load(folder).rewards.tolist() == toy.sparse().rewards.tolist()
    assert not [path for path in folder.iterdir() if path.is_dir()]


@pytest.mark.skipif(not can_mount(), reason="needs a mount namespace of its own")
def test_a_file_system_that_fills_up_while_a_data_set_is_replaced(tmp_path: Path) -> None:
    program = """
import sys, numpy
from pathlib import Path
from bench.cli.main import main
from bench.datasets.storage import load
folder = Path(sys.argv[1])
for steps in (40, 4000):
    ends = numpy.arange(steps) % 20 == 19
    numpy.savez("my.npz", observations=numpy.zeros((steps, 11)), actions=numpy.zeros((steps, 3)),
                rewards=numpy.ones(steps), terminals=ends)
    task = ["--task", "hopper-mine", "--environment", "Hopper-v4"]
    print(main(["data", "import", "--file", "my.npz", *task]))
print(load(Path("data/imported/hopper-mine")).steps)
"""
    mount = 'mkdir data && mount -t tmpfs -o size=128k tmpfs data && exec "$1" -c "$2" .'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "sh", sys.executable, program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert "no space left while writing data/imported/hopper-mine" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout.splitlines()[-2:] == ["1", "40"]


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An imported task of 30 steps, and a file to import it from again, of 10."""
    monkeypatch.chdir(tmp_path)
    for steps in (30, 10):
        np.savez(
            "my.npz",
            observations=np.zeros((steps, 11)),
            actions=np.zeros((steps, 3)),
            rewards=np.ones(steps),
            terminals=np.arange(steps) == steps - 1,
        )
        if steps == 30:
            import_data("my.npz", "hopper-mine", Constants("Hopper-v4", target_return=1.0))
    return Path("data/imported/hopper-mine")


def test_data_and_task_change_together(task: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(imported, "write_task", stopped)
        with pytest.raises(KeyboardInterrupt):
            import_data("my.npz", "hopper-mine", Constants("Hopper-v4", target_return=2.0))
    assert load(task).steps == 30
    assert task_by_name("hopper-mine").domain.target_return == 1
    import_data("my.npz", "hopper-mine", Constants("Hopper-v4", target_return=2.0))
    assert load(task).steps == 10
    assert task_by_name("hopper-mine").domain.target_return == 2


@pytest.mark.parametrize("name", ["rewards.npy", "manifest.json"])
def test_data_of_their_own_are_to_be_made_again(task: Path, name: str) -> None:
    (task / name).write_bytes(b"")
    with pytest.raises(
        DamagedFile, match=rf"{name} is damaged.*make task hopper-mine again from"
    ) as failure:
        load(task)
    assert "delete" not in str(failure.value)


def test_a_path_without_a_data_set_is_to_be_checked(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for name in ("nowhere", "home"):
        with pytest.raises(
            FileNotFoundError, match=f"no data set at .*{name}.*check the path"
        ) as failure:
            load(tmp_path / name)
        assert "delete" not in str(failure.value)


def test_a_damaged_data_set_that_can_be_made_anew_may_be_deleted(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"steps": 1}))
    with pytest.raises(DamagedFile, match=f"delete the folder {folder} and run again"):
        load(folder)
