from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from bench.behaviours import collect
from bench.cli.main import main
from bench.core.code import ROOT
from bench.core.files import DiskFull
from bench.datasets import storage
from bench.datasets.storage import save
from bench.datasets.trajectories import Trajectories

RUN = Path("results/test/runs/hopper-medium/dense/100/bc/0")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data(toy: Trajectories) -> Path:
    save(toy, Path("set"), {"source": "hand"})
    return Path("set")


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a verb that must fail; return its one line."""
    assert main(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0]


def train(data: Path | str, run: Path = RUN, module: str = "bc", options: str = "{}") -> list[str]:
    return [
        "train",
        *("--run", str(run)),
        *("--data", str(data)),
        *("--module", module),
        *("--options", options),
        *("--steps", "1"),
    ]


def test_verify_says_what_it_found(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "verify", str(data)]) == 0
    assert capsys.readouterr().out.startswith("set: 4 episodes, 43 steps")


def test_a_missing_data_set(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no data set at nowhere" in fails(capsys, "data", "verify", "nowhere")
    assert "no data set at nowhere" in fails(capsys, *train("nowhere"))
    assert not RUN.exists()


def test_a_damaged_data_set(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray((data / "rewards.npy").read_bytes())
    content[-1] ^= 1
    (data / "rewards.npy").write_bytes(content)
    for arguments in (["data", "verify", str(data)], train(data)):
        line = fails(capsys, *arguments)
        assert "set/rewards.npy is damaged" in line
        assert "run again" in line


def test_a_damaged_manifest(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (data / "manifest.json").read_text()
    (data / "manifest.json").write_text(text[: len(text) // 2])
    assert "set/manifest.json is damaged" in fails(capsys, "data", "verify", str(data))


def test_an_unknown_task(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["data", "generate", "--task", "hopper-expert", "--steps", "10", "--out", "x"]
    line = fails(capsys, *arguments)
    assert "unknown task 'hopper-expert'; known: halfcheetah-medium-expert, " in line
    run = Path(str(RUN).replace("hopper-medium", "hoper-medium"))
    assert "unknown task 'hoper-medium'" in fails(capsys, *train(data, run))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"module": "td3"}, "unknown method 'td3'"),
        ({"options": '{"widht": 8}'}, "method bc has no option 'widht'; known: layers, width"),
        ({"options": '{"width": "8"}'}, "method bc: option width is '8', expected int"),
        ({"options": '{"width": 0}'}, "method bc: width must be at least 1, not 0"),
        ({"run": Path("results/here")}, "results/here is not a run's folder"),
    ],
    ids=["module", "option", "type", "value", "folder"],
)
def test_a_run_that_cannot_be(
    data: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    assert message in fails(capsys, *train(data, **changes))


def test_an_evaluation_before_the_training(capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, "evaluate", "--run", str(RUN), "--episodes", "1", "--num-envs", "1")
    assert str(RUN) in line


def test_damaged_scores(capsys: pytest.CaptureFixture[str]) -> None:
    Path("scores.parquet").write_text("<html>")
    arguments = [
        "artifact",
        "table2",
        "--scores",
        "scores.parquet",
        "--scale",
        "test",
        "--out",
        "table.md",
    ]
    assert "scores scores.parquet are damaged" in fails(capsys, *arguments)


def test_an_unknown_domain(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown domain 'ant'; known: halfcheetah, hopper" in fails(
        capsys, "behaviours", "train", "ant"
    )


def raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*arguments: Any) -> None:
        raise error

    return raise_it


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


GENERATE = ["data", "generate", "--task", "hopper-medium", "--steps", "1", "--out"]


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("/dev/null/x", "Not a directory: '/dev/null/x'"),
        ("file", "File exists: 'file'"),
        ("x" * 300, "File name too long: 'xxx"),
    ],
)
def test_a_path_that_cannot_be_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, out: str, message: str
) -> None:
    monkeypatch.setattr(collect, "NUM_ENVS", 1)  # the data are made before they are written
    Path("file").touch()
    assert message in fails(capsys, *GENERATE, out)


def test_a_read_only_file_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(errno.EROFS, "Read-only file system", "set/x")
    monkeypatch.setattr(storage, "load", raising(error))
    assert "Read-only file system: 'set/x'" in fails(capsys, "data", "verify", "set")


def test_an_error_of_the_system_without_a_path_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "load", raising(OSError(errno.EBADF, "Bad file descriptor")))
    with pytest.raises(OSError, match="Bad file descriptor"):
        main(["data", "verify", "set"])


def test_a_cache_folder_that_is_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    monkeypatch.setenv("D4RL_DATASET_DIR", "file")
    assert "File exists: 'file'" in fails(capsys, "data", "fetch", "hopper-medium")


@pytest.mark.parametrize("steps", ["-5", "0", "1.5", "many"])
def test_steps_are_a_whole_number_above_0(steps: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["data", "generate", "--task", "hopper-medium", "--steps", steps, "--out", "x"])
    assert caught.value.code == 2
    assert f"{steps!r} is not a whole number above 0" in capsys.readouterr().err
    assert not Path("x").exists()


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
    assert "usage: bench" in capsys.readouterr().err


def test_from_records_to_tables_and_figure(
    write_runs: Callable[..., list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    records = write_runs(
        {("hopper-medium", "dt"): [29.0, 30.0, 31.0], ("hopper-medium", "bc"): [40.0]}
    )
    config = json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    paths = [str(path) for path in records]
    assert (
        main(["scores", "--config", config, "--suite", "mujoco", "--out", "scores.parquet", *paths])
        == 0
    )
    assert len(pd.read_parquet("scores.parquet")) == 4
    outputs = [f"table2{suffix}" for suffix in (".md", ".csv", ".tex", ".png", ".svg")]
    arguments = ["--scores", "scores.parquet", "--scale", "test", "--out", *outputs]
    assert main(["artifact", "table2", *arguments]) == 0
    assert "| 30.0 [27.5, 32.5] " in Path("table2.md").read_text()
    assert all(Path(output).stat().st_size > 0 for output in outputs)
    assert main(["partial", "--config", config, "--suite", "mujoco", "--out", "partial.md"]) == 0
    unknown = ["partial", "--config", config, "--suite", "minigrid", "--out", "partial.md"]
    assert "unknown suite 'minigrid'" in fails(capsys, *unknown)


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
