"""Imported data of somebody else: nothing in a description is imported, and every entry is checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.cli.main import main
from bench.core.files import DamagedFile, digest, read_json, write_json
from bench.datasets.readers.imported import Constants, import_data
from bench.environments.modules import VARIABLE
from bench.tasks.registry import TASK_FILE, task_by_name
from tests.helpers.cli import fails
from tests.helpers.own_npz import save, uniform


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


OWN = """
import gymnasium
from gymnasium.spaces import Box

class Own(gymnasium.Env):
    observation_space, action_space = Box(-1, 1, (11,)), Box(-1, 1, (3,))
    def reset(self, *, seed=None, options=None):
        return self.observation_space.low, {}
    def step(self, action):
        return self.observation_space.low, 1.0, False, False, {}

gymnasium.register("own/Own-v0", entry_point=Own, max_episode_steps=20)
open("ran", "w").close()
"""
IMPORT = ["data", "import", "--file", "my.npz", "--task", "own-mine", "--reference", "0", "1"]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the console script, which does not have the working directory on its path."""
    code = "import sys; sys.path[:] = [p for p in sys.path if p]; from bench.cli.main import main; "
    code += "sys.exit(main())"
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_line_imports_a_module_and_a_file_does_not() -> None:
    Path("own.py").write_text(OWN)
    save(11, uniform(-1, 1, 3))
    done = bench(*IMPORT, "--environment", "own:own/Own-v0")
    assert done.returncode == 0, done.stderr
    assert "add `environment_modules: [own]` to the config" in done.stdout
    Path("ran").unlink()
    evaluation = "from bench.environments.vector import make; "
    evaluation += "from bench.tasks.registry import task_by_name; "
    evaluation += "print(make(task_by_name('own-mine').domain.environment).spec.id)"
    refused = subprocess.run(
        [sys.executable, "-c", evaluation], capture_output=True, text=True, check=False
    )
    assert "An id in a file imports no code" in refused.stderr
    assert not Path("ran").exists()
    export = ["data", "export", "data/imported/own-mine", "--minari-id", "mine/own-v0"]
    refused = bench(*export)
    assert (refused.returncode, Path("ran").exists()) == (1, False)
    assert "bench --import own" in refused.stderr
    assert bench("--import", "own", *export).returncode in (0, 1)
    assert Path("ran").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"environment": 7}, "domain.environment is 7, expected str"),
        (
            {"environment": 'Hopper-v4 {"kwargs": {"a": "/etc/passwd"}}'},
            "kwargs.a is '/etc/passwd'",
        ),
        ({"horizon": 0}, "horizon and return_scale must be above 0"),
        ({"horizon": "many"}, "domain.horizon is 'many', expected int"),
        ({"return_scale": 0.0}, "must be above 0"),
        ({"reference_max": 0.0, "reference_min": 0.0}, "a score needs two different ones"),
        ({"name": "hopper", "kind": "medium"}, "the suite has a task 'hopper-medium' of its own"),
        ({"name": "../x"}, "cannot be the name of a task"),
        (
            {"name": "other", "label": "x"},
            "describes the task 'other-mine', but its folder is 'hopper-mine'",
        ),
        ({"more": 1}, "unknown entry 'more'"),
        ({"reference_max": 1.0}, "its reference scores are -20.*, but those of Hopper-v4 are"),
        ({"reference_min": -21.0}, "its reference scores are -21 and"),
        ({"label": "\x1b[2J"}, "the label .* must be 1 to 40 characters on one line"),
        ({"label": "two\nlines"}, "must be 1 to 40 characters on one line"),
        ({"label": ""}, "must be 1 to 40 characters on one line"),
        ({"label": "Reacher"}, "the label 'Reacher' is that of another domain"),
        ({"name": "other"}, "the label 'Hopper' is that of another domain"),
        (
            {"environment": 'Hopper-v4 {"kwargs": {"render_mode": "human"}}'},
            "kwargs.render_mode can open a window or a file",
        ),
    ],
    ids=str,
)
def test_a_description_of_somebody_else_is_checked(change: dict[str, Any], message: str) -> None:
    save(11, uniform(-1, 1, 3))
    import_data("my.npz", "hopper-mine", Constants("Hopper-v4"))
    path = Path("data/imported/hopper-mine", TASK_FILE)
    content = read_json(path)
    kind = change.pop("kind", content["kind"])
    content |= {"domain": content["domain"] | change, "kind": kind}
    write_json(path, content | {"digest": digest(content)})
    with pytest.raises(DamagedFile, match=message):
        task_by_name("hopper-mine")


def test_an_imported_folder_works_from_any_directory(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(workplace / "minari"))
    save(11, uniform(-1, 1, 3))
    import_data("my.npz", "hopper-mine", Constants("Hopper-v5", reference=(1.0, 2.0)))
    folder = workplace / "data/imported/hopper-mine"
    here = said(capsys, folder)
    (workplace / "elsewhere").mkdir()
    monkeypatch.chdir(workplace / "elsewhere")
    assert said(capsys, folder) == here
    assert "normalised" in here
    assert main(["data", "verify", str(folder)]) == 0
    assert main(["data", "export", str(folder), "--minari-id", "mine/hopper-v0"]) == 0
    metadata = json.loads((workplace / "minari/mine/hopper-v0/data/metadata.json").read_text())
    assert (metadata["ref_min_score"], metadata["ref_max_score"]) == (1.0, 2.0)


def said(capsys: pytest.CaptureFixture[str], folder: Path) -> str:
    capsys.readouterr()
    assert main(["data", "describe", str(folder)]) == 0
    return capsys.readouterr().out


def test_a_run_on_imported_data_works_from_any_directory(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(11, uniform(-1, 1, 3))
    import_data("my.npz", "hopper-mine", Constants("Hopper-v4"))
    data, run = workplace / "data/imported/hopper-mine", workplace / "results/t/runs/hopper-mine"
    run = run / "dense/100/uniform/0"
    (workplace / "elsewhere").mkdir()
    monkeypatch.chdir(workplace / "elsewhere")
    train = ["train", "--run", str(run), "--data", str(data), "--module", "uniform", "--steps", "0"]
    assert main(train) == 0
    evaluation = ["evaluate", "--run", str(run), "--episodes", "1", "--num-envs", "1"]
    assert main([*evaluation, "--max-steps", "3"]) == 0
    assert read_json(run / "result.json")["protocol"]["environment"] == "Hopper-v4"


def test_an_own_environment_is_named_where_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the method that is evaluated in it, and not the format that it is exported to."""
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv("MINARI_DATASETS_PATH", "minari")
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("own_blamed.py").write_text(OWN.replace("own/Own-v0", "own/Blamed-v0"))
    save(11, uniform(-1, 1, 3))
    command = [*IMPORT, "--environment", "own/Blamed-v0"]
    assert "MODULE:own/Blamed-v0 as --environment" in fails(capsys, *command)
    command[-1] = "own_blamed:own/Blamed-v0"
    assert main([*command, "--label", "Our own"]) == 0
    assert task_by_name("own-mine").domain.label == "Our own"
    run, data = "results/t/runs/own-mine/dense/100/uniform/0", "data/imported/own-mine"
    train = ["train", "--run", run, "--data", data, "--module", "uniform", "--steps", "0"]
    assert main(train) == 0
    export = ["data", "export", data, "--minari-id", "mine/own-v0"]
    assert "entry_point='own_blamed:Own'), and export again" in fails(capsys, *export)
    monkeypatch.setenv(VARIABLE, "")
    evaluation = ["evaluate", "--run", run, "--episodes", "1", "--num-envs", "1"]
    for command in (evaluation, export):
        said = fails(capsys, *command)
        assert said.startswith(
            "error: environment 'own_blamed:own/Blamed-v0' needs the Python module"
        )
    assert main(["--import", "own_blamed", *evaluation]) == 0
