"""D4RL's published files: the registry of them, and what is checked before one is used."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.readers import d4rl_files
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.d4rl import read
from bench.datasets.readers.d4rl_files import D4rlFile, files, observation_statistics, obtain
from bench.tasks.registry import DOMAINS, TASKS, tasks_of
from tests.helpers.d4rl import Arrays, write

MUJOCO = tasks_of("mujoco")


HOPPER = DOMAINS["hopper"]


def test_the_registry_holds_the_nine_files() -> None:
    assert set(files()) == {name for name in MUJOCO if not name.startswith("reacher")}
    for task, file in files().items():
        domain, kind = task.split("-", 1)
        assert file.file == f"{domain}_{kind.replace('-', '_')}-v2.hdf5"
        assert all(url.endswith(f"/{file.file}") for url in file.urls)
        assert len(file.sha256) == 64
        assert file.bytes > 50_000_000
        published = observation_statistics()[task]
        assert len(published["mean"]) == len(published["std"]) == (11 if domain == "hopper" else 17)
    assert len({file.sha256 for file in files().values()}) == 9


def test_levels_of_the_published_files() -> None:
    level = {
        task: TASKS[task].domain.normalised(file.statistics["return_mean"])
        for task, file in files().items()
        if "return_mean" in file.statistics
    }
    assert level["hopper-medium"] == pytest.approx(44.3, abs=0.05)
    assert level["halfcheetah-medium"] == pytest.approx(40.7, abs=0.05)
    assert level["walker2d-medium"] == pytest.approx(62.1, abs=0.05)


@pytest.fixture
def published(v2: Arrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, D4rlFile]:
    """A small file that the registry takes for hopper-medium's."""
    path = write(tmp_path / "hopper_medium-v2.hdf5", v2)
    data = read(path, HOPPER)
    file = replace(
        files()["hopper-medium"],
        bytes=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        episodes=3,
        statistics={
            "steps": 7.0,
            "return_mean": float(data.returns.mean()),
            "return_min": float(data.returns.min()),
            "return_max": float(data.returns.max()),
        },
    )
    statistics = {"mean": data.observation_mean.tolist(), "std": data.observation_std.tolist()}
    monkeypatch.setattr(d4rl_files, "files", lambda: {"hopper-medium": file})
    monkeypatch.setattr(d4rl_files, "observation_statistics", lambda: {"hopper-medium": statistics})
    return path, file


def test_a_published_file_becomes_a_data_set(published: Any, tmp_path: Path) -> None:
    path, file = published
    lines = obtain(TASKS["hopper-medium"], tmp_path / "out", path)
    manifest = storage.read_manifest(tmp_path / "out")
    assert manifest["source"] == "d4rl"
    origin = manifest["origin"]
    assert (origin["file"], origin["file_sha256"]) == ("hopper_medium-v2.hdf5", file.sha256)
    assert origin["left_out"] == {"steps": 5, "episodes": 1}  # the unfinished last episode
    assert "left out: 5 steps of 1 unfinished episode(s)" in lines
    assert storage.load(tmp_path / "out").steps == 7
    assert any("SHA-256 as published" in line for line in lines)
    assert any("episodes: 2 whole, 3 published" in line for line in lines)


def test_the_cache_folder_of_d4rl_is_used(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D4RL_DATASET_DIR", str(tmp_path))
    obtain(TASKS["hopper-medium"], tmp_path / "out")
    assert storage.load(tmp_path / "out").episodes == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bytes": 10**9}, "truncated"),
        ({"bytes": 5}, "another file"),
        ({"sha256": "0" * 64}, "damaged or another version"),
        ({"episodes": 9}, "it has 2 whole episodes, but the published number is 9"),
        ({"statistics": {"return_mean": 55.0}}, "return_mean is .*, but the published value is 55"),
        ({"statistics": {"steps": 8.0}}, "steps is 7.000, but the published value is 8"),
    ],
)
def test_another_file_than_the_published_one_is_refused(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any, message: str
) -> None:
    path, file = published
    monkeypatch.setattr(d4rl_files, "files", lambda: {"hopper-medium": replace(file, **change)})
    with pytest.raises((DamagedFile, WrongData), match=message):
        obtain(TASKS["hopper-medium"], tmp_path / "out", path)
    assert not (tmp_path / "out").exists()


def test_other_observations_than_published_are_refused(
    published: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = published
    statistics = observation_statistics()["hopper-medium"]
    monkeypatch.setattr(d4rl_files, "observation_statistics", lambda: {"hopper-medium": statistics})
    with pytest.raises(
        WrongData, match=r"differs from the published one by [\d.]+ standard deviations"
    ):
        obtain(TASKS["hopper-medium"], tmp_path / "out", path)


def test_d4rl_has_no_reacher(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="D4RL has no data for 'reacher2d-medium'"):
        obtain(TASKS["reacher2d-medium"], tmp_path / "out")


def test_reference_scores_are_those_of_the_d4rl_wheel(d4rl_infos: dict[str, Any]) -> None:
    for task, file in files().items():
        name = file.file.removesuffix(".hdf5").replace("_", "-")
        domain = TASKS[task].domain
        assert d4rl_infos["REF_MIN_SCORE"][name] == domain.reference_min
        assert d4rl_infos["REF_MAX_SCORE"][name] == domain.reference_max
        assert file.urls[0] == d4rl_infos["DATASET_URLS"][name]


@pytest.fixture(scope="module")
def d4rl_infos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """d4rl/infos.py, read out of the wheel of PyPI: importing the package needs mujoco-py."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "-d", str(folder)]
    done = subprocess.run([*command, "d4rl==1.1"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("the d4rl wheel can be neither found nor downloaded: no package index here")
    with zipfile.ZipFile(next(folder.glob("d4rl-*.whl"))) as wheel:
        source = wheel.read("d4rl/infos.py").decode()
    names: dict[str, Any] = {}
    exec(compile(source, "d4rl/infos.py", "exec"), names)
    return names
