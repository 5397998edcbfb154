"""Data sets exported for Minari: read back by Minari, and kept only if they are equal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pytest
from minari.dataset._storages.hdf5_storage import HDF5Storage

from bench.cli.main import main
from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.build import from_arrays
from bench.datasets.readers.minari_export import export
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import TASKS, task_by_name

pytestmark = pytest.mark.filterwarnings("ignore")


HOPPER = TASKS["hopper-medium"]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path


@pytest.fixture
def data() -> Trajectories:
    random = np.random.default_rng(1)
    terminals, timeouts = np.zeros((2, 12), dtype=bool)
    terminals[[3, 11]], timeouts[7] = True, True
    return from_arrays(
        random.normal(size=(12, 11)).astype(np.float32),
        random.uniform(-1, 1, size=(12, 3)).astype(np.float32),
        random.normal(size=12).astype(np.float32),
        terminals,
        timeouts,
        final_observations=random.normal(size=(3, 11)).astype(np.float32),
    )


@pytest.mark.parametrize("final", [True, False], ids=["final", "no-final"])
def test_what_we_export_minari_loads_equal(data: Trajectories, final: bool) -> None:
    given = data if final else replace(data, final_observations=None)
    export(given, HOPPER, "ours/hopper-medium-v0", {"source": "generated", "digest": "abc"})
    loaded = minari.load_dataset("ours/hopper-medium-v0")
    assert loaded.total_episodes == 3
    assert loaded.total_steps == 12
    for index, back in enumerate(loaded.iterate_episodes()):
        rows = slice(data.episode_starts[index], data.episode_starts[index + 1])
        np.testing.assert_array_equal(back.observations[:-1], data.observations[rows])
        last = data.final_observations if final else data.observations[data.episode_starts[1:] - 1]
        assert last is not None
        np.testing.assert_array_equal(back.observations[-1], last[index])
        np.testing.assert_array_equal(back.actions, data.actions[rows])
        np.testing.assert_array_equal(back.rewards, data.rewards[rows])
        np.testing.assert_array_equal(back.terminations, data.terminals[rows])
        np.testing.assert_array_equal(back.truncations, data.timeouts[rows])
    # reference scores travel: Minari's own function normalises as we do
    score = minari.get_normalized_score(loaded, np.array([1000.0]))
    assert 100 * score[0] == pytest.approx(HOPPER.domain.normalised(1000.0))
    assert loaded.recover_environment().spec.id == "Hopper-v4"


def test_a_round_trip_through_the_commands(
    data: Trajectories, capsys: pytest.CaptureFixture[str]
) -> None:
    about = {"source": "generated", "task": "hopper-medium", "environment": "Hopper-v4"}
    storage.save(data, Path("set"), about)
    assert main(["data", "export", "set", "--minari-id", "ours/hopper-v3"]) == 0
    assert main(["data", "import", "--file", "ours/hopper-v3", "--task", "hopper-back"]) == 0
    back = storage.load(Path("data/imported/hopper-back"))
    for name in (
        "observations",
        "actions",
        "rewards",
        "terminals",
        "timeouts",
        "final_observations",
    ):
        np.testing.assert_array_equal(getattr(back, name), getattr(data, name))
    assert task_by_name("hopper-back").domain == HOPPER.domain
    assert main(["data", "export", "set", "--minari-id", "ours/hopper-v3"]) == 1
    assert "there is already a Minari data set at" in capsys.readouterr().err


def stop(*arguments: Any, **options: Any) -> None:
    raise KeyboardInterrupt


def test_an_export_that_is_stopped_leaves_nothing(
    data: Trajectories, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(HDF5Storage, "update_episodes", stop)
        with pytest.raises(KeyboardInterrupt):
            export(data, HOPPER, "ours/hopper-v0", {})
    assert list((workplace / "minari").iterdir()) == []
    assert export(data, HOPPER, "ours/hopper-v0", {}) == workplace / "minari/ours/hopper-v0"
    assert set(minari.list_local_datasets()) == {"ours/hopper-v0"}
    assert minari.namespace.list_local_namespaces() == ["ours"]


def test_an_export_that_minari_reads_otherwise_is_not_kept(
    data: Trajectories, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "bench.datasets.readers.minari_export.read", lambda *arguments, **options: data.sparse()
    )
    with pytest.raises(DamagedFile, match="other rewards than were written"):
        export(data, HOPPER, "ours/hopper-v0", {})
    assert list((workplace / "minari").iterdir()) == []


@pytest.mark.parametrize(
    ("other", "swapped"),
    [("terminals", {"terminals": "timeouts"}), ("timeouts", {"timeouts": "terminals"})],
    ids=["terminals", "timeouts"],
)
def test_an_export_whose_ends_minari_reads_otherwise_is_not_kept(
    data: Trajectories,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    other: str,
    swapped: dict[str, str],
) -> None:
    back = replace(data, **{name: getattr(data, taken) for name, taken in swapped.items()})
    monkeypatch.setattr(
        "bench.datasets.readers.minari_export.read", lambda *arguments, **options: back
    )
    with pytest.raises(DamagedFile, match=f"other {other} than were written"):
        export(data, HOPPER, "ours/hopper-v0", {})
    assert list((workplace / "minari").iterdir()) == []


@pytest.mark.parametrize("name", ["foo", "", "ours/hopper", "../hopper-v0"])
def test_an_export_needs_an_id_with_a_version(
    data: Trajectories, workplace: Path, name: str
) -> None:
    with pytest.raises(ValueError, match=f"'{name}' is not a Minari id .*like mine/hopper-v0"):
        export(data, HOPPER, name, {})
    assert not (workplace / "minari").exists()
