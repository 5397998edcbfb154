"""A user's own data as a task: .npz, .hdf5 and Minari."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from bench.cli.main import main
from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.imported import Constants, import_data
from bench.tasks.registry import TASKS, is_imported, known_tasks, task_by_name

Arrays = dict[str, Any]


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def arrays() -> Arrays:
    random = np.random.default_rng(0)
    ends = np.zeros(30, dtype=bool)
    ends[[9, 24, 29]] = True
    return {
        "observations": random.normal(size=(30, 11)),
        "actions": random.uniform(-1, 1, size=(30, 3)),
        "rewards": np.arange(30.0),
        "terminals": ends,
    }


HOPPER = Constants(environment="Hopper-v4")
HOPPER_SCORES = (-20.272305, 3234.3)


def test_an_npz_becomes_a_task(arrays: Arrays, workplace: Path) -> None:
    np.savez(workplace / "my.npz", **arrays)
    data = import_data("my.npz", "hopper-mine", HOPPER)
    assert data.lengths.tolist() == [10, 15, 5]
    assert data.returns.tolist() == [45, 255, 135]
    assert is_imported("hopper-mine")
    assert known_tasks() == [*TASKS, "hopper-mine"]
    task, model = task_by_name("hopper-mine"), TASKS["hopper-medium"].domain
    assert task.name == "hopper-mine"
    assert task.domain == model
    back = storage.load(workplace / "data/imported/hopper-mine")
    np.testing.assert_array_equal(back.rewards, np.arange(30, dtype=np.float32))
    manifest = storage.read_manifest(workplace / "data/imported/hopper-mine")
    assert manifest["source"] == "imported"
    assert manifest["origin"]["file"] == "my.npz"


def test_an_hdf5_is_the_same_task(arrays: Arrays, workplace: Path) -> None:
    np.savez(workplace / "my.npz", **arrays)
    with h5py.File(workplace / "my.hdf5", "w") as file:
        for name, values in arrays.items():
            file[name] = values
    a = import_data("my.npz", "hopper-a", HOPPER)
    b = import_data("my.hdf5", "hopper-b", HOPPER)
    np.testing.assert_array_equal(a.observations, b.observations)
    np.testing.assert_array_equal(a.episode_starts, b.episode_starts)


def test_an_unknown_environment_takes_its_constants_from_the_data(
    arrays: Arrays, workplace: Path
) -> None:
    arrays |= {"observations": np.zeros((30, 8)), "actions": np.zeros((30, 2))}
    np.savez(workplace / "my.npz", **arrays)
    constants = Constants(environment="Swimmer-v4", reference=(-1500.0, 300.0))
    import_data("my.npz", "swimmer-mine", constants)
    domain = task_by_name("swimmer-mine").domain
    assert (domain.label, domain.horizon) == ("swimmer", 1000)
    assert domain.target_return == 255  # the best return
    assert domain.return_scale == 100  # the power of ten below it
    assert domain.normalised(300) == 100


def test_what_the_user_says_counts(arrays: Arrays, workplace: Path) -> None:
    np.savez(workplace / "my.npz", **arrays)
    constants = Constants("Hopper-v5", 99.0, 7.0, (1.0, 2.0), label="Hopper of ours")
    import_data("my.npz", "hopper-mine", constants)
    domain = task_by_name("hopper-mine").domain
    assert (domain.target_return, domain.return_scale) == (99, 7)
    assert (domain.reference_min, domain.reference_max) == (1, 2)
    assert domain.label == "Hopper of ours"


@pytest.mark.parametrize("reference", [None, HOPPER_SCORES])
def test_a_known_environment_brings_its_reference_scores(
    arrays: Arrays, workplace: Path, reference: tuple[float, float] | None
) -> None:
    np.savez(workplace / "my.npz", **arrays)
    import_data("my.npz", "hopper-mine", Constants("Hopper-v4", reference=reference))
    domain = task_by_name("hopper-mine").domain
    assert (domain.reference_min, domain.reference_max) == HOPPER_SCORES


@pytest.mark.parametrize(
    ("name", "constants", "message"),
    [
        ("hopper-medium", HOPPER, "the suite already has a task 'hopper-medium'"),
        ("hopper", HOPPER, "cannot be the name of a task"),
        ("Hopper-mine", HOPPER, "cannot be the name of a task"),
        ("../x-y", HOPPER, "cannot be the name of a task"),
        ("hopper-mine", Constants(), "give --environment, like Hopper-v4"),
        ("hopper-mine", Constants("Hoper-v4"), "cannot make environment 'Hoper-v4'"),
        ("pendulum-mine", Constants("Pendulum-v1"), "--reference RANDOM EXPERT"),
        (
            "own-mine",
            Constants("own/Own-v0"),
            "name the module: MODULE:own/Own-v0 as --environment",
        ),
        ("hopper-mine", Constants("Hopper"), "'Hopper' has no version.*like Hopper-v5"),
        (
            "reacher2d-hop",
            HOPPER,
            "reacher2d means bench/Reacher2d-v0, but the data are from Hop",
        ),
        ("hopper-mine", Constants("Walker2d-v4"), "begin the name with another word"),
        (
            "hopper-mine",
            Constants("Hopper-v5", reference=(2.0, 1.0)),
            "the second must be the larger one",
        ),
        (
            "hopper-mine",
            Constants("Hopper-v5", reference=(0.0, np.inf)),
            "the second must be the larger one",
        ),
        (
            "hopper-mine",
            Constants("Hopper-v4", reference=(0.0, 1.0)),
            "Hopper-v4 has reference scores of its own, .*leave --reference out",
        ),
        (
            "hopper-mine",
            Constants("Hopper-v4", label=" "),
            "must be 1 to 40 characters on one line",
        ),
        ("hopper-mine", Constants("Hopper-v4", label="a" * 41), "must be 1 to 40 characters"),
        ("hopper-mine", Constants("Hopper-v4", label="a\x1b[2Jb"), "on one line"),
        ("hopper-mine", Constants("Hopper-v4", label="a\nb"), "on one line"),
        ("hopper-mine", Constants("Hopper-v4", label="Walker"), "is that of another domain"),
        ("hopper-mine", Constants("Hopper-v4", return_scale=0.0), "the scale must be above 0"),
        ("hopper-mine", Constants("Hopper-v4", target_return=np.nan), None),
    ],
)
def test_what_cannot_be_a_task_is_refused(
    arrays: Arrays, workplace: Path, name: str, constants: Constants, message: str | None
) -> None:
    np.savez(workplace / "my.npz", **arrays)
    if message is None:  # not a number is taken for not given: the best return
        import_data("my.npz", name, constants)
        assert task_by_name(name).domain.target_return == 255
        return
    with pytest.raises(ValueError, match=message):
        import_data("my.npz", name, constants)
    assert known_tasks() == list(TASKS)
    assert not (workplace / "data/imported" / name / "manifest.json").exists()


@pytest.mark.parametrize("key", ["observations", "actions", "rewards", "terminals"])
def test_a_missing_array_is_named(arrays: Arrays, workplace: Path, key: str) -> None:
    del arrays[key]
    np.savez(workplace / "my.npz", **arrays)
    with pytest.raises(WrongData, match=rf"my\.npz has no {key}.*The file has: "):
        import_data("my.npz", "hopper-mine", HOPPER)


def test_arrays_of_objects_are_never_unpickled(arrays: Arrays, workplace: Path) -> None:
    arrays["rewards"] = np.array([{}] * 30, dtype=object)
    np.savez(workplace / "my.npz", **arrays)
    with pytest.raises(WrongData, match=r"my\.npz: rewards holds Python objects; save plain"):
        import_data("my.npz", "hopper-mine", HOPPER)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_npz_is_named(arrays: Arrays, workplace: Path, share: float) -> None:
    path = workplace / "my.npz"
    np.savez(path, **arrays)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DamagedFile, match=r"my\.npz is damaged"):
        import_data("my.npz", "hopper-mine", HOPPER)


@pytest.mark.parametrize("file", ["no.npz", "no.hdf5"])
def test_no_file(file: str) -> None:
    with pytest.raises(FileNotFoundError, match=file):
        import_data(file, "hopper-mine", HOPPER)


def test_other_formats_are_named(workplace: Path) -> None:
    (workplace / "my.csv").write_text("1,2")
    with pytest.raises(ValueError, match=r"my\.csv: give a \.npz, \.hdf5 or \.h5 file"):
        import_data("my.csv", "hopper-mine", HOPPER)


def test_a_damaged_description_is_named(arrays: Arrays, workplace: Path) -> None:
    np.savez(workplace / "my.npz", **arrays)
    import_data("my.npz", "hopper-mine", HOPPER)
    path = workplace / "data/imported/hopper-mine/task.json"
    path.write_text(path.read_text().replace("3600", "3700"))
    with pytest.raises(DamagedFile, match=r"task\.json is damaged .*import the data again"):
        task_by_name("hopper-mine")


def test_verify_reads_the_description_too(
    arrays: Arrays, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(workplace / "my.npz", **arrays)
    import_data("my.npz", "hopper-mine", HOPPER)
    assert main(["data", "verify", "data/imported/hopper-mine"]) == 0
    path = workplace / "data/imported/hopper-mine/task.json"
    path.write_text(path.read_text().replace("3600", "3700"))
    assert main(["data", "verify", "data/imported/hopper-mine"]) == 1
    assert "task.json is damaged" in capsys.readouterr().err


def test_another_version_of_a_known_environment_is_of_its_domain(
    arrays: Arrays, workplace: Path
) -> None:
    np.savez(workplace / "my.npz", **arrays)
    import_data("my.npz", "hopper-new", Constants("Hopper-v5", reference=(0.0, 1.0)))
    domain = task_by_name("hopper-new").domain
    assert (domain.label, domain.environment) == ("Hopper", "Hopper-v5")


def test_importing_again_replaces(arrays: Arrays, workplace: Path) -> None:
    np.savez(workplace / "my.npz", **arrays)
    import_data("my.npz", "hopper-mine", HOPPER)
    np.savez(workplace / "my.npz", **(arrays | {"rewards": np.ones(30)}))
    import_data("my.npz", "hopper-mine", HOPPER)
    assert storage.load(workplace / "data/imported/hopper-mine").returns.tolist() == [10, 15, 5]


def test_the_command_says_what_to_do_next(
    arrays: Arrays, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(workplace / "my.npz", **arrays)
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-mine"]
    assert main(command) == 1
    assert "give --environment, like Hopper-v4" in capsys.readouterr().err
    assert main([*command, "--environment", "Hopper-v4"]) == 0
    said = capsys.readouterr().out
    assert "3 episodes, 30 steps of Hopper-v4" in said
    assert "add hopper-mine to suites.mujoco.tasks" in said


@pytest.mark.parametrize(
    ("change", "environment", "message"),
    [
        ({"rewards": np.array(["a"] * 30)}, "Hopper-v4", "rewards holds <U1, not real numbers"),
        (
            {"actions": np.where(np.arange(90).reshape(30, 3) == 13, 1.5, 0.0)},
            "Hopper-v4",
            "actions leave the environment's range of -1 to 1 in 1 rows, first in row 4",
        ),
    ],
    ids=["text", "outside"],
)
def test_actions_that_no_method_could_take_are_named(
    arrays: Arrays, workplace: Path, change: Arrays, environment: str, message: str
) -> None:
    np.savez(workplace / "my.npz", **arrays | change)
    with pytest.raises(WrongData, match=message):
        import_data("my.npz", "own-data", Constants(environment=environment))
    assert not (workplace / "data").exists()


def test_rounding_is_no_action_outside(arrays: Arrays, workplace: Path) -> None:
    arrays["actions"][3] = np.float32(1.0000001)
    np.savez(workplace / "my.npz", **arrays)
    assert import_data("my.npz", "hopper-mine", HOPPER).actions.max() > 1
