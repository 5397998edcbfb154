"""Minari data sets, written by Minari's own writer and read back by Minari itself."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gymnasium
import minari
import numpy as np
import pytest
from minari.data_collector import EpisodeBuffer

from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data
from bench.datasets.readers.minari import open_dataset, read
from bench.datasets.readers.remarks import Remarks
from bench.tasks.registry import TASKS, task_by_name

pytestmark = pytest.mark.filterwarnings("ignore")
HOPPER = TASKS["hopper-medium"]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    return tmp_path


def episode(number: int, steps: int, end: str, observation: int = 11) -> EpisodeBuffer:
    random = np.random.default_rng(number)
    flags = [[False] * (steps - 1) + [end == which] for which in ("terminal", "timeout")]
    return EpisodeBuffer(
        id=number,
        observations=random.normal(size=(steps + 1, observation)),
        actions=random.uniform(-1, 1, size=(steps, 3)).astype(np.float32),
        rewards=[float(number + 1)] * steps,
        terminations=flags[0],
        truncations=flags[1],
    )


def written(name: str = "mine/hopper-v0", **options: Any) -> str:
    buffers = options.pop(
        "buffers", [episode(0, 4, "terminal"), episode(1, 6, "timeout"), episode(2, 3, "open")]
    )
    environment = gymnasium.make("Hopper-v4")
    minari.create_dataset_from_buffers(
        name, buffers, env=environment, data_format="hdf5", **options
    )
    return name


def test_what_minari_wrote_by_hand() -> None:
    data = read(open_dataset(written()), HOPPER.domain)
    assert data.lengths.tolist() == [4, 6]  # the third has no end
    assert data.returns.tolist() == [4, 12]
    assert np.flatnonzero(data.terminals).tolist() == [3]
    assert np.flatnonzero(data.timeouts).tolist() == [9]
    first = np.random.default_rng(0).normal(size=(5, 11)).astype(np.float32)
    np.testing.assert_array_equal(data.observations[:4], first[:4])
    assert data.final_observations is not None
    np.testing.assert_array_equal(data.final_observations[0], first[4])


def test_a_minari_set_becomes_a_task_with_its_reference_scores() -> None:
    written(ref_min_score=-5.0, ref_max_score=95.0)
    import_data("mine/hopper-v0", "hopper-minari", Constants("Hopper-v5"))
    domain = task_by_name("hopper-minari").domain
    assert (domain.reference_min, domain.reference_max) == (-5, 95)


def test_a_known_environment_keeps_its_reference_scores() -> None:
    written(ref_min_score=-5.0, ref_max_score=95.0)
    import_data("mine/hopper-v0", "hopper-minari", Constants(), remarks=(remarks := Remarks()))
    domain = task_by_name("hopper-minari").domain
    assert domain.environment == "Hopper-v4"  # from the data set
    assert (domain.reference_min, domain.reference_max) == (-20.272305, 3234.3)
    said = "the data name the reference scores -5 and 95; -20.2723 and 3234.3 are used, which are"
    assert any(line.startswith(said) for line in remarks.lines())
    assert any(line.startswith(said) for line in remarks.record()["environment_remarks"])
    about = storage.read_manifest(Path("data/imported/hopper-minari"))
    assert about["origin"]["minari_id"] == "mine/hopper-v0"


def test_another_observation_size_is_named() -> None:
    buffers = [episode(0, 4, "terminal", observation=17)]
    space = gymnasium.spaces.Box(-np.inf, np.inf, (17,))
    written(buffers=buffers, observation_space=space)
    with pytest.raises(WrongData, match=r"observations have shape \(4, 17\).*Hopper-v4"):
        read(open_dataset("mine/hopper-v0"), HOPPER.domain)


def test_only_open_episodes_are_named() -> None:
    written(buffers=[episode(0, 4, "open")])
    with pytest.raises(WrongData, match="no finished episode"):
        read(open_dataset("mine/hopper-v0"), HOPPER.domain)


def test_values_that_are_not_finite_are_named() -> None:
    bad = episode(0, 4, "terminal")
    bad.rewards[2] = float("nan")
    written(buffers=[bad])
    with pytest.raises(WrongData, match="rewards hold a value that is not finite, first in row 2"):
        read(open_dataset("mine/hopper-v0"), HOPPER.domain)


def test_an_episode_beyond_the_horizon_is_refused() -> None:
    written(buffers=[episode(0, 4, "terminal"), episode(1, 1200, "terminal")])
    with pytest.raises(
        WrongData, match="episode 1 has 1,200 steps, but Hopper-v4 has at most 1,000"
    ):
        read(open_dataset("mine/hopper-v0"), HOPPER.domain)


class Given:
    """A data set whose episodes hold just what a test gives."""

    observation_space = action_space = "any"

    def __init__(self, *episodes: Any) -> None:
        self.episodes = episodes
        self.spec = SimpleNamespace(dataset_id="mine/given-v0")

    def iterate_episodes(self) -> Any:
        return iter(self.episodes)


def given(number: int, **changes: Any) -> Any:
    return SimpleNamespace(
        **{
            "id": number,
            "observations": np.zeros((11, 11)),
            "actions": np.zeros((10, 3)),
            "rewards": np.ones(10),
            "terminations": np.arange(10) == 9,
            "truncations": np.zeros(10, dtype=bool),
        }
        | changes
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"terminations": np.zeros(0)}, r"terminations of episode 1 have shape \(0,\).*10 rewards"),
        ({"truncations": np.zeros((10, 1))}, r"truncations of episode 1 have shape \(10, 1\)"),
        (
            {"observations": np.zeros((10, 11))},
            r"observations of episode 1 .*: expected \(11, 11\)",
        ),
        (
            {"observations": np.zeros((11, 12))},
            r"episode 1: observations have shape \(10, 12\), but Hopper-v4 needs",
        ),
        ({"actions": np.zeros((9, 3))}, r"actions of episode 1 have shape \(9, 3\)"),
        (
            {"truncations": np.full(10, np.nan)},
            "truncations holds nan in row 10; a flag must be 0 or 1",
        ),
    ],
    ids=["no-flags", "column", "rows", "width", "actions", "nan"],
)
def test_an_episode_that_does_not_fit_is_named(changes: dict[str, Any], message: str) -> None:
    assert read(Given(given(0), given(1)), HOPPER.domain).steps == 20
    with pytest.raises(WrongData, match=f"^Minari data set mine/given-v0(: |, ){message}"):
        read(Given(given(0), given(1, **changes)), HOPPER.domain)


def test_a_step_with_both_flags_is_a_terminal() -> None:
    both = given(0, truncations=np.arange(10) == 9)
    data = read(Given(both, given(1)), HOPPER.domain)
    assert np.flatnonzero(data.terminals).tolist() == [9, 19]
    assert not data.timeouts.any()


@pytest.mark.parametrize("name", ["nothing here", "no/such/set", "x.csv"])
def test_what_is_neither_a_file_nor_an_id(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="is not a Minari id"):
        import_data(name, "hopper-mine", Constants("Hopper-v4"))


def test_a_set_that_cannot_be_fetched_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(dataset_id: str) -> None:
        raise ConnectionError("403 Forbidden")

    monkeypatch.setattr(minari, "download_dataset", unreachable)
    with pytest.raises(
        FileNotFoundError, match="could not be fetched: ConnectionError: 403"
    ) as failure:
        open_dataset("mujoco/hopper/medium-v0")
    assert "MINARI_REMOTE" in str(failure.value)


def test_a_truncated_set_is_named(workplace: Path) -> None:
    name = written()
    path = next((workplace / "minari").rglob("main_data.hdf5"))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DamagedFile):
        read(open_dataset(name), HOPPER.domain)
    shutil.rmtree(workplace / "minari")
