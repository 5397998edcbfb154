"""`bench data`: its verbs, and bad paths, data sets and numbers."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours import collect
from bench.cli.main import main
from bench.core.files import read_json, sha256
from bench.datasets.storage import save
from tests.helpers.cli import RUN, fails, train
from tests.helpers.dt import make_data


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


def test_several_data_sets_are_verified(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(data, "other")
    assert main(["data", "verify", str(data), "other"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    Path("other/rewards.npy").write_bytes(b"x")
    assert "other/rewards.npy is damaged" in fails(capsys, "data", "verify", str(data), "other")


def test_both_digests_are_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["data", "describe", str(data)]) == 0
    said = dict(re.split(r"  +", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert said["digest"] == read_json(data / "manifest.json")["digest"]
    assert said["hashes.data in records"] == sha256(data / "manifest.json")


@pytest.mark.parametrize(
    ("environment", "observations", "said"),
    [
        ("CartPole-v1", np.zeros((30, 4)), "discrete: dt, bc, percent_bc, discrete_cql, uniform"),
        ("bench/KeyToDoor-v0", np.zeros((30, 5, 5, 3), np.uint8), "add own-mine to suites.key_to"),
        ("InvertedPendulum-v4", np.zeros((30, 4)), "add own-mine to suites.mujoco.tasks"),
    ],
)
def test_an_import_names_methods_that_learn_from_the_data(
    environment: str, observations: Any, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    actions = np.zeros((30, 1)) if environment.startswith("Inv") else np.arange(30) % 2
    ends = np.arange(30) % 10 == 9
    np.savez(
        "my.npz", observations=observations, actions=actions, rewards=np.ones(30), terminals=ends
    )
    command = ["data", "import", "--file", "my.npz", "--task", "own-mine"]
    command += ["--environment", environment]
    if not environment.startswith("bench"):
        command += ["--reference", "0", "1"]
    assert main(command) == 0
    assert said in capsys.readouterr().out


def test_an_export_says_where_minari_finds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(Path("minari").absolute()))
    save(make_data((12, 7), 11, 3), Path("hop"), {"source": "hand", "task": "hopper-medium"})
    assert main(["data", "export", "hop", "--minari-id", "mine/hopper-v0"]) == 0
    said = capsys.readouterr().out
    folder = Path("minari").absolute()
    assert f"Minari finds it as mine/hopper-v0 in its folder {folder}; the variable MINARI_" in said
