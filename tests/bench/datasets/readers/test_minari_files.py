"""Files of a Minari data set that somebody else wrote: checked before Minari opens them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

from bench.core.files import DamagedFile
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data
from bench.datasets.readers.minari import open_dataset
from bench.datasets.readers.remarks import Remarks
from bench.tasks.registry import task_by_name

pytestmark = pytest.mark.filterwarnings("ignore")
NAME = "mine/hopper-v0"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a data set of four episodes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    write(["terminal"] * 4)
    return tmp_path / "minari" / NAME / "data"


def write(ends: list[str], name: str = NAME, steps: int = 5, **options: Any) -> None:
    random = np.random.default_rng(0)
    buffers = [
        EpisodeBuffer(
            id=index,
            observations=random.normal(size=(steps + 1, 11)),
            actions=random.uniform(-1, 1, size=(steps, 3)).astype(np.float32),
            rewards=[1.0] * steps,
            terminations=[False] * (steps - 1) + [end == "terminal"],
            truncations=[False] * (steps - 1) + [end == "timeout"],
        )
        for index, end in enumerate(ends)
    ]
    environment = gymnasium.make("Hopper-v4", **options)
    minari.create_dataset_from_buffers(name, buffers, env=environment, data_format="hdf5")


def change(folder: Path, **entries: Any) -> None:
    path = folder / "metadata.json"
    content = json.loads(path.read_text()) | entries
    path.write_text(json.dumps({key: x for key, x in content.items() if x is not None}))


def test_a_set_as_it_was_written() -> None:
    assert len(open_dataset(NAME)) == 4


@pytest.mark.parametrize("key", ["observation_space", "action_space"])
def test_a_set_that_would_run_code_is_refused(
    folder: Path, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Minari would make the environment to learn the space, and import the class that the file names."""
    Path("evil_minari.py").write_text("open('ran', 'w')")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    spec = json.loads(gymnasium.spec("Hopper-v4").to_json())
    change(folder, **{key: None}, env_spec=json.dumps(spec | {"entry_point": "evil_minari:Evil"}))
    with pytest.raises(WrongData, match=f"its metadata have no {key}, so Minari would run code"):
        open_dataset(NAME)
    assert not Path("ran").exists()


def external(file: Any) -> None:
    del file["episode_1/rewards"]
    file["episode_1/rewards"] = h5py.ExternalLink("other.hdf5", "/rewards")


def unwritten(file: Any) -> None:
    del file["episode_1/rewards"]
    file.create_dataset("episode_1/rewards", (5,), "f8")


def linked_episode(file: Any) -> None:
    del file["episode_1"]
    file["episode_1"] = h5py.SoftLink("/episode_0")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (external, "episode_1/rewards is a link"),
        (unwritten, "episode_1/rewards was never written"),
        (linked_episode, "episode_1 is a link"),
    ],
)
def test_links_to_other_files_are_refused(
    folder: Path, make: Callable[[Any], None], message: str
) -> None:
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        make(file)
    with pytest.raises(WrongData, match=message):
        open_dataset(NAME)


def test_an_unknown_array_is_refused(folder: Path) -> None:
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        file["episode_0/dones"] = np.zeros(5)
    with pytest.raises(WrongData, match="arrays of unknown meaning: episode_0/dones"):
        open_dataset(NAME)


@pytest.mark.parametrize("count", [1, 3, 5, None, "4"])
def test_another_number_of_episodes_is_refused(folder: Path, count: Any) -> None:
    change(folder, total_episodes=count)
    with pytest.raises(WrongData, match="holds 4 episodes, but the metadata say"):
        open_dataset(NAME)


@pytest.mark.parametrize("content", ["", "{", "[1]", "[" * 100_000])
def test_damaged_metadata_are_refused(folder: Path, content: str) -> None:
    (folder / "metadata.json").write_text(content)
    with pytest.raises(DamagedFile, match=r"metadata\.json"):
        open_dataset(NAME)


def test_a_pipe_among_the_files_is_refused(folder: Path) -> None:
    """Also in a folder below, as Minari's other format has them."""
    (folder / "0").mkdir()
    os.mkfifo(folder / "0/observations.arrow")
    with pytest.raises(DamagedFile, match=r"observations\.arrow is a named pipe"):
        open_dataset(NAME)


def test_own_settings_of_the_environment_are_used() -> None:
    """They were dropped: such data were evaluated on the registered environment of 1,000 steps."""
    write(["terminal"] * 4, "mine/short-v0", max_episode_steps=20, forward_reward_weight=10.0)
    remarks = Remarks()
    constants = Constants(reference=(0.0, 1.0))
    import_data("mine/short-v0", "hopper-short", constants, remarks=remarks)
    domain = task_by_name("hopper-short").domain
    assert domain.horizon == 20
    own = '{"kwargs": {"forward_reward_weight": 10.0}, "max_episode_steps": 20}'
    assert domain.environment == f"Hopper-v4 {own}"
    assert f"the data set's own settings of Hopper-v4 are used: {own}" in remarks.lines()


def test_unfinished_episodes_are_counted() -> None:
    write(["terminal", "open", "timeout", "open"], "mine/open-v0")
    remarks = Remarks()
    data = import_data("mine/open-v0", "hopper-open", Constants(), remarks=remarks)
    assert data.episodes == 2
    assert remarks.record()["left_out"] == {"steps": 10, "episodes": 2}


def test_most_episodes_are_not_left_out() -> None:
    write(["terminal", "open", "open"], "mine/open-v0")
    with pytest.raises(WrongData, match=r"10 of 15 steps \(2 of 3 episodes\)"):
        import_data("mine/open-v0", "hopper-open", Constants())


def test_an_end_in_the_middle_of_an_episode_is_refused(folder: Path) -> None:
    with h5py.File(folder / "main_data.hdf5", "a") as file:
        file["episode_2/truncations"][1] = True
    with pytest.raises(WrongData, match="episode 2 has an end in step 1, but goes on to step 4"):
        import_data(NAME, "hopper-mine", Constants())


@pytest.mark.parametrize(("horizon", "error"), [(None, "--horizon 1200"), (1200, "")])
def test_episodes_that_are_longer_than_the_registered_horizon(
    horizon: int | None, error: str
) -> None:
    write(["terminal"] * 2, "mine/long-v0", steps=1200)
    constants = Constants(horizon=horizon)
    if error:
        with pytest.raises(WrongData, match=error):
            import_data("mine/long-v0", "hopper-long", constants)
        return
    assert import_data("mine/long-v0", "hopper-long", constants).lengths.tolist() == [1200] * 2
    domain = task_by_name("hopper-long").domain
    assert (domain.environment, domain.horizon) == ("Hopper-v4", 1200)


def test_ignore_is_for_files() -> None:
    with pytest.raises(ValueError, match="--ignore is for arrays of a file"):
        import_data(NAME, "hopper-mine", Constants(), ignore=["infos"])
