"""`bench data` on files of somebody else: no command hangs, and no text of a file moves the cursor."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.cli.main import main
from bench.core.files import digest, read_json, write_json
from bench.datasets import storage
from bench.tasks.registry import TASK_FILE
from tests.helpers.cli import fails, train
from tests.helpers.dt import make_data


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))


def describe_it(name: str, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a file of the data set, and give it a valid digest."""
    content = read_json(Path("set", name))
    change(content)
    write_json(Path("set", name), content | {"digest": digest(content)})


@pytest.mark.parametrize(
    "name", ["rewards.npy", "observations.npy", storage.MANIFEST, TASK_FILE], ids=str
)
@pytest.mark.parametrize("device", [False, True], ids=["pipe", "device"])
def test_no_command_waits_for_a_pipe(
    name: str, device: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    task = "hopper-mine" if name == TASK_FILE else "hopper-medium"
    storage.save(make_data(), Path("set"), {"source": "imported", "task": task})
    path = Path("set", name)
    path.unlink(missing_ok=True)
    if device:
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    commands = [["data", "verify", "set"]]
    if name != TASK_FILE:
        commands.append(train("set"))
    if not name.endswith(".npy"):
        commands.append(["data", "describe", "set"])
    for command in commands:
        assert "not a regular file" in fails(capsys, *command)


@pytest.mark.parametrize("name", ["my.npz", "my.hdf5"])
def test_an_import_does_not_wait_for_a_pipe(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(name)
    command = ["data", "import", "--file", name, "--task", "hopper-mine"]
    said = fails(capsys, *command, "--environment", "Hopper-v4")
    assert f"{name} is a named pipe, not a regular file" in said


CODES = "\x1b[2J\x1b]0;title\x07\nerror: a line of its own\r\u202e"


def test_a_description_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    storage.save(make_data(), Path("set"), {"source": "hand", "task": "hopper-medium"})
    capsys.readouterr()
    assert main(["data", "describe", "set"]) == 0
    lines = len(capsys.readouterr().out.splitlines())

    def change(manifest: dict[str, Any]) -> None:
        manifest |= dict.fromkeys(("source", "task", "environment"), CODES)
        manifest["origin"] = {"arrays_ignored": [CODES], "data_remarks": [CODES]}

    describe_it(storage.MANIFEST, change)
    assert main(["data", "describe", "set", "--figure", "x.svg"]) == 0
    said = capsys.readouterr().out
    assert all(character.isprintable() or character == "\n" for character in said)
    assert r"\x1b[2J\x1b]0;title\x07\nerror: a line of its own\r\u202e" in said
    assert not any(line.startswith("error") for line in said.splitlines())
    assert len(said.splitlines()) <= lines + 4
    assert "\x1b" not in Path("x.svg").read_text()


@pytest.mark.parametrize("kind", ["npz", "hdf5"])
@pytest.mark.parametrize("way", ["unknown", "ignored", "unused"])
def test_the_name_of_an_array_moves_no_cursor(
    kind: str, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = ("infos/" if way == "unused" else "") + CODES.replace("\x00", "")
    arrays = {
        "observations": np.random.default_rng(0).normal(size=(30, 11)),
        "actions": np.zeros((30, 3)),
        "rewards": np.ones(30),
        "terminals": np.arange(30) % 10 == 9,
        name: np.zeros(30),
    }
    if kind == "npz":
        np.savez("my.npz", **arrays)
    else:
        with h5py.File("my.hdf5", "w") as file:
            for key, array in arrays.items():
                file[key] = array
    command = ["data", "import", "--file", f"my.{kind}", "--task", "hopper-mine"]
    command += ["--environment", "Hopper-v4"]
    assert main([*command, *(["--ignore", name] if way == "ignored" else [])]) == (way == "unknown")
    out, err = capsys.readouterr()
    assert all(character.isprintable() or character == "\n" for character in out + err)
    assert r"\x1b[2J" in out + err
    assert not any(line.lstrip().startswith("error: a line") for line in (out + err).splitlines())
    assert len(err.splitlines()) == (way == "unknown")
    shutil.rmtree("data", ignore_errors=True)
