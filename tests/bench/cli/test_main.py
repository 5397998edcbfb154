from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from bench.cli.main import main
from bench.core import working_folder
from bench.core.code import ROOT
from bench.core.files import DiskFull
from bench.core.holding import this_machine
from bench.datasets import storage
from tests.helpers.cli import fails, raising, train


def test_an_interrupt_returns_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(storage, "load", raising(KeyboardInterrupt()))
    assert main(["data", "verify", "set"]) == 130
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "finished work is kept" in lines[0]


def test_a_full_disk_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(storage, "load", raising(DiskFull(28, "no space left")))
    assert "no space left" in fails(capsys, "data", "verify", "set")


def test_a_read_only_file_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(errno.EROFS, "Read-only file system", "set/x")
    monkeypatch.setattr(storage, "load", raising(error))
    assert "Read-only file system: 'set/x'" in fails(capsys, "data", "verify", "set")


def test_a_workflow_whose_folder_is_full_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Each command of a workflow writes its name into the folder of the workflow first."""
    full = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(json, "dump", raising(full))
    named = json.dumps({"folder": str(tmp_path), **this_machine()})
    monkeypatch.setenv(working_folder.VARIABLE, named)
    line = fails(capsys, "data", "verify", "set")
    assert f"No space left on device: '{tmp_path / '.snakemake/holders'}/" in line
    assert list((tmp_path / ".snakemake/holders").iterdir()) == []


def test_an_error_of_the_system_without_a_path_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "load", raising(OSError(errno.EBADF, "Bad file descriptor")))
    with pytest.raises(OSError, match="Bad file descriptor"):
        main(["data", "verify", "set"])


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "load", raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["data", "verify", "set"])


@pytest.mark.parametrize(
    "arguments",
    [[], ["dance"], ["data"], ["train", "--run", "x"], train("set", options="{width: 8}")],
    ids=["nothing", "verb", "half-a-verb", "incomplete", "not-json"],
)
def test_wrong_usage_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert "usage: bench" in message
    assert re.search(r"`bench[\w ]* --help` explains the command$", message.strip())


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )


def test_help_of_the_command() -> None:
    done = python("-m", "bench", "--help")
    assert done.returncode == 0, done.stderr
    for verb in (
        "data",
        "behaviours",
        "train",
        "evaluate",
        "sweep",
        "scores",
        "artifact",
        "claims",
        "partial",
    ):
        assert re.search(rf"^    {verb}\s", done.stdout, re.MULTILINE)


def test_the_exit_code_reaches_the_shell() -> None:
    done = python("-m", "bench", "data", "verify", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no data set at nowhere")


HEAVY = ("torch", "pandas", "numpy", "scipy", "gymnasium", "mujoco", "d3rlpy", "matplotlib")


@pytest.mark.parametrize(
    ("program", "heavy"),
    [
        (
            "import bench.cli.main\ntry: bench.cli.main.main(['--help'])\nexcept SystemExit: pass",
            HEAVY,
        ),
        (
            "import json, sys\nfrom bench.runs.plan import make_plan\nfrom bench.core.code import fingerprint\n"
            "import pathlib\nmake_plan(json.loads(sys.argv[1]))\nfingerprint(pathlib.Path('dt/method.py'))",
            HEAVY,
        ),
        (
            "import bench.methods.loader, bench.runs.record, bench.methods.context, bench.runs.train",
            ("torch", "pandas"),
        ),
    ],
    ids=["help", "plan", "train"],
)
def test_heavy_libraries_wait_until_they_are_needed(program: str, heavy: tuple[str, ...]) -> None:
    config = json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    done = python("-c", f"{program}\nimport sys\nprint('\\n'.join(sys.modules))", config)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines())
    assert "bench" in loaded
    assert not loaded & set(heavy)


def test_an_error_moves_no_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name in a file of somebody else is printed without the control characters of a terminal."""
    monkeypatch.chdir(tmp_path)
    np.savez("my.npz", **{"observations\x1b[2J\x07\x00": np.zeros(3)})
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-b"]
    command += ["--environment", "Hopper-v4"]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert r"observations\x1b[2J" in said
    assert not set(said) & {"\x1b", "\x07", "\x00"}
