"""D4RL's layouts, written by h5py as D4RL writes them, and the registry of its files."""

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.readers import d4rl, d4rl_files
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.d4rl import counted_timeouts, from_flat, read
from bench.datasets.readers.d4rl_files import D4rlFile, files, observation_statistics, obtain
from bench.tasks.registry import DOMAINS, TASKS, tasks_of

MUJOCO = tasks_of("mujoco")

HOPPER = DOMAINS["hopper"]
Arrays = dict[str, Any]


def arrays(lengths: list[int], ends: str, *, dims: tuple[int, int] = (11, 3)) -> Arrays:
    """Return episodes of these lengths in the -v2 layout; `ends` has a letter each: t for a
    terminal, o for out of time.
    """
    steps, random = sum(lengths), np.random.default_rng(0)
    last = np.cumsum(lengths) - 1
    flags = np.zeros((2, steps), dtype=bool)
    for index, end in zip(last, ends, strict=True):
        flags["to".index(end), index] = True
    observations = random.normal(size=(steps, dims[0])).astype(np.float32)
    return {
        "observations": observations,
        "next_observations": observations + 1,
        "actions": random.uniform(-1, 1, size=(steps, dims[1])).astype(np.float32),
        "rewards": random.normal(size=steps).astype(np.float32),
        "terminals": flags[0],
        "timeouts": flags[1],
    }


def write(path: Path, content: Arrays) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in content.items():
            file.create_dataset(name, data=values, compression="gzip")
        steps = len(content["rewards"])
        file.create_dataset("infos/qpos", data=np.zeros((steps, 6)), compression="gzip")
        file.create_dataset("infos/action_log_probs", data=np.zeros(steps))
        file.create_dataset("metadata/algorithm", data=np.bytes_("SAC"))
        file.create_dataset("metadata/iteration", data=np.int32(3000))
    return path


@pytest.fixture
def v2() -> Arrays:
    content = arrays([4, 3, 5], "tot")
    content["terminals"][-1] = False  # the last one is unfinished
    return content


def test_v2_by_hand(v2: Arrays, tmp_path: Path) -> None:
    data = read(write(tmp_path / "hopper.hdf5", v2), HOPPER)
    assert data.episode_starts.tolist() == [0, 4, 7]
    assert np.flatnonzero(data.terminals).tolist() == [3]
    assert np.flatnonzero(data.timeouts).tolist() == [6]
    np.testing.assert_array_equal(data.observations, v2["observations"][:7])
    assert data.final_observations is not None
    np.testing.assert_array_equal(data.final_observations, v2["next_observations"][[3, 6]])
    assert (data.action_low, data.action_high) == (-1, 1)
    whole = v2["observations"][:7].astype(np.float64)
    np.testing.assert_allclose(data.observation_mean, whole.mean(axis=0), rtol=1e-6)


def test_a_terminal_on_the_last_step_of_the_horizon_is_a_terminal(v2: Arrays) -> None:
    v2["timeouts"] |= v2["terminals"]
    data = from_flat(v2, HOPPER, "both")
    assert np.flatnonzero(data.terminals).tolist() == [3]
    assert np.flatnonzero(data.timeouts).tolist() == [6]


def test_v0_counts_the_time_limit_from_each_start(tmp_path: Path) -> None:
    content = arrays([1000, 700, 1000, 300], "otot")
    content["terminals"][-1] = False
    del content["timeouts"], content["next_observations"]
    data = read(write(tmp_path / "v0.hdf5", content), HOPPER)
    assert data.lengths.tolist() == [1000, 700, 1000]
    assert np.flatnonzero(data.timeouts).tolist() == [999, 2699]
    assert np.flatnonzero(data.terminals).tolist() == [1699]
    assert data.final_observations is None


@pytest.mark.parametrize(
    ("terminals", "horizon", "expected"),
    [
        ([], 3, [2, 5, 8]),
        ([2], 3, [5, 8]),  # the terminal is the third step: the count starts again after it
        ([0, 9], 3, [3, 6]),
        ([4], 10, []),
        ([3, 4], 4, [8]),
    ],
)
def test_counted_timeouts_by_hand(terminals: list[int], horizon: int, expected: list[int]) -> None:
    flags = np.zeros(10, dtype=bool)
    flags[terminals] = True
    found = counted_timeouts(flags, horizon)
    assert [int(i) for i in np.flatnonzero(found & ~flags)] == expected


def test_columns_of_one_are_taken_as_vectors(v2: Arrays) -> None:
    v2 |= {name: v2[name][:, None] for name in ("rewards", "terminals", "timeouts")}
    assert from_flat(v2, HOPPER, "columns").steps == 7


@pytest.mark.parametrize("key", d4rl.NEEDED)
def test_a_missing_array_is_named(v2: Arrays, tmp_path: Path, key: str) -> None:
    del v2[key]
    if key == "rewards":
        v2["reward"] = np.zeros(12)
    path = tmp_path / "file.hdf5"
    with h5py.File(path, "w") as file:
        for name, values in v2.items():
            file[name] = values
    with pytest.raises(WrongData, match=rf"file\.hdf5 has no {key}\. .*The file has: "):
        read(path, HOPPER)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observations": np.zeros((12, 17))}, r"observations have shape \(12, 17\).*Hopper-v4"),
        ({"actions": np.zeros((12, 6))}, r"actions have shape \(12, 6\).*Hopper-v4"),
        ({"actions": np.zeros(12)}, r"actions have shape \(12,\)"),
        ({"rewards": np.zeros(11)}, "has shape"),
        ({"timeouts": np.zeros(5, dtype=bool)}, "timeouts has shape"),
        ({"next_observations": np.zeros((11, 11))}, "next_observations has shape"),
        (
            {"rewards": np.full(12, np.nan)},
            "rewards holds a value that is not finite, first in row 0",
        ),
        (
            {"observations": np.full((12, 11), np.inf)},
            "observations holds a value that is not finite",
        ),
        ({"terminals": np.zeros(12), "timeouts": np.zeros(12)}, "no episode ends"),
        ({"timeouts": np.array([True])}, r"timeouts has shape \(1,\), but there are 12 rewards"),
        ({"timeouts": np.array(True)}, r"timeouts has shape \(\), .*a number for each"),
        ({"terminals": np.zeros(13)}, r"terminals has shape \(13,\)"),
        ({"terminals": np.zeros((12, 2))}, r"terminals has shape \(12, 2\)"),
        ({"rewards": np.array(1.0)}, r"rewards has shape \(\), expected a number for each step"),
        ({"rewards": np.zeros((12, 2))}, r"rewards has shape \(12, 2\)"),
        (
            {"observations": np.zeros((11, 11))},
            r"observations has shape \(11, 11\).*a row for each",
        ),
        ({"next_observations": np.zeros(())}, r"next_observations has shape \(\)"),
        ({"terminals": np.full(12, np.nan)}, "terminals holds nan in row 0; a flag must be 0 or 1"),
        (
            {"timeouts": np.where(np.arange(12) == 7, np.nan, 0)},
            "timeouts holds nan in row 7; a flag must be 0 or 1",
        ),
        ({"terminals": np.arange(12)}, "terminals holds 2 in row 2; a flag must be 0 or 1"),
    ],
)
def test_arrays_that_do_not_fit_are_named(v2: Arrays, change: Arrays, message: str) -> None:
    with pytest.raises(WrongData, match=f"mine: .*({message})"):
        from_flat(v2 | change, HOPPER, "mine")


def test_an_episode_beyond_the_horizon_is_refused() -> None:
    content = arrays([5, 1200], "tt")
    with pytest.raises(
        WrongData, match=r"episode 1 has 1,200 steps, but Hopper-v4 has at most 1,000"
    ):
        from_flat(content, HOPPER, "long")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html><html>403</html>", "a web page"),
        (b"\n  <html>", "a web page"),
        (b"hello", "not an HDF5 file"),
        (b"", "not an HDF5 file"),
    ],
)
def test_what_is_not_hdf5_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "file.hdf5").write_bytes(content)
    with pytest.raises(DamagedFile, match=message):
        read(tmp_path / "file.hdf5", HOPPER)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_named(v2: Arrays, tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "file.hdf5", arrays([400, 400], "tt"))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedFile, match="damaged or truncated"):
        read(path, HOPPER)


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.hdf5"):
        read(tmp_path / "no.hdf5", HOPPER)


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
    assert manifest["origin"] == {"file": "hopper_medium-v2.hdf5", "file_sha256": file.sha256}
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
