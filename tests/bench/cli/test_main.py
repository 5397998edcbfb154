from __future__ import annotations

import errno
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
import yaml

from bench.cli.main import commands, main
from bench.cli.parser import Verb
from bench.core import working_folder
from bench.core.code import ROOT
from bench.core.files import DiskFull
from bench.core.holding import this_machine
from bench.datasets import storage
from tests.conftest import write_scores
from tests.helpers.cli import fails, parsed, raising, train


def test_the_version_is_that_of_the_checkout(capsys: pytest.CaptureFixture[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bench {project['version']}\n"


def leaves(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield the words and the object of every command."""
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from leaves(one, (*path, name))
        else:
            yield (*path, name), one


LEAVES = list(leaves(commands()))


@pytest.mark.parametrize(
    ("path", "verb"), LEAVES, ids=lambda each: "-".join(each[:2]) if isinstance(each, tuple) else ""
)
def test_every_help_has_examples_that_parse(
    path: tuple[str, ...], verb: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(verb, Verb)
    assert verb.examples
    for example in verb.examples:
        if path == ("completion",):
            continue  # lines of a shell's settings
        words = shlex.split(example.removeprefix("BENCH_WANDB=my-project "), comments=True)
        assert words[: len(path) + 1] == ["bench", *path]
        if "$(cat merged.json)" in words:
            words[words.index("$(cat merged.json)")] = "{}"
        found = parsed(words[1:])
        assert found.verb is verb
    assert main([*path, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Examples:\n  {verb.examples[0]}\n" in said
    assert said.startswith(f"usage: bench {' '.join(path)} ")


def test_every_command_stands_in_a_section(capsys: pytest.CaptureFixture[str]) -> None:
    program = commands()
    assert all(getattr(one, "section", "") for one in program.commands.values())
    main(["--help"])
    said = capsys.readouterr().out
    assert said.index("\nData:\n") < said.index("\nOne run:\n  train ") < said.index("\nSet up:\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "there is no command 'trian'; did you mean 'train'"),
        (["data", "verfy"], "there is no command 'verfy'; did you mean 'verify'?"),
        (["train", "--rnu", "x"], "there is no option --rnu; did you mean '--run'?"),
        (["artifact", "tabel2"], "invalid choice: 'tabel2' (choose from "),
        (["artifact", "tabel2"], "); did you mean 'table2'"),
        (["xyzzy"], "there is no command 'xyzzy'; `bench --help`"),
    ],
)
def test_a_mistyped_word_gets_a_suggestion(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--help", "train --help", "completion bash"])
def test_a_reader_that_leaves_is_no_error(words: str) -> None:
    """As in `bench --help | head -0`."""
    bench = subprocess.Popen(
        [sys.executable, "-m", "bench", *words.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert bench.stdout is not None
    assert bench.stderr is not None
    bench.stdout.close()
    assert bench.stderr.read() == b""
    assert bench.wait() == 141


def bench_to(stdout: Any, *words: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
    )


@pytest.mark.parametrize("words", ["--help", "status --scale smoke"])
def test_an_output_without_space_is_one_line(words: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = bench_to(full, *words.split())
    assert done.returncode == 1
    assert done.stderr.decode() == "error: [Errno 28] No space left on device\n"


@pytest.mark.slow
def test_a_table_is_printed_whatever_the_locale(tmp_path: Path) -> None:
    """The table has dashes, which Latin 1 lacks."""
    write_scores(tmp_path, {("hopper-medium", "dt"): [29.0]})
    scale = str(tmp_path / "results/test")
    done = bench_to(subprocess.PIPE, "compare", scale, scale, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "| all suites | mean          | ?        |" in done.stdout.decode("latin-1")


@pytest.mark.parametrize(
    ("words", "offered"),
    [("bench tra", "train"), ("bench train --st", "--steps"), ("bench artifact tabl", "table2")],
)
def test_a_shell_completes_commands_options_and_words(words: str, offered: str) -> None:
    asked = {
        "_BENCH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | asked,
    )
    assert done.returncode == 0
    assert f"plain,{offered}" in done.stdout.splitlines()


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
        assert re.search(rf"^  {verb}\s", done.stdout, re.MULTILINE)


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
