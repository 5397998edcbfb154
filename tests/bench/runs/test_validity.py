"""Which data and results are valid is decided by digests and settings, not by times of files."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import digest
from bench.datasets import storage
from bench.runs import train, validity
from bench.runs.evaluate import evaluate_run
from bench.runs.plan import make_plan
from bench.runs.policies import POLICY
from bench.runs.train import train_run
from bench.runs.validity import verdicts
from tests.helpers.dt import make_data

OPTIONS = {"width": 8, "layers": 1, "batch_size": 4}
CONFIG: dict[str, Any] = {
    "name": "tiny",
    "device": "cpu",
    "suites": {
        "mujoco": {
            "tasks": ["hopper-medium"],
            "methods": ["bc"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": [0],
            "baselines": False,
        }
    },
    "data": {"source": "generated", "steps": 1000, "seed": 0},
    "training": {"steps": 4, "curve": [0.5]},
    "evaluation": {
        "episodes": 2,
        "num_envs": 2,
        "curve_episodes": 1,
        "sweep_episodes": 1,
        "sweep_points": 2,
        "max_steps": 5,
    },
    "methods": {"bc": {"module": "bc", "options": OPTIONS}},
}
DATA = Path("data/generated/hopper-medium/1000-0")
RUN = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")
VALID = [(DATA / "manifest.json", None), (RUN / "training.json", None), (RUN / "result.json", None)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data and the run of CONFIG."""
    folder = tmp_path_factory.mktemp("finished")
    data = make_data((9, 5, 9), observation_size=11, action_size=3)
    storage.save(data, folder / DATA, {"source": "generated", "task": "hopper-medium"})
    train_run(folder / RUN, folder / DATA, "bc", OPTIONS, 4, (0.5,), "cpu")
    evaluate_run(folder / RUN, 2, 2, 1, "cpu", max_steps=5)
    return folder


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, with other times, as the working directory."""
    shutil.copytree(finished, tmp_path / "copy", copy_function=shutil.copyfile)
    for path in (tmp_path / "copy").rglob("*.json"):
        os.utime(path, (1, 1))
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def found(**changes: Any) -> list[tuple[Path, str | None]]:
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        config[key] = config[key] | value
    return [(one.path, one.reason) for one in verdicts(config, make_plan(config))]


def test_a_copy_is_valid_whatever_its_times(here: Path) -> None:
    assert found() == VALID


def test_what_is_missing_is_named(here: Path) -> None:
    shutil.rmtree("results")
    assert found()[1:] == [(path, "it does not exist") for path, _ in VALID[1:]]


def rewrite(path: Path, change: Callable[[Any], None], signed: bool = True) -> None:
    content = json.loads(path.read_text())
    change(content)
    if signed:
        content["digest"] = digest(content)
    path.write_text(json.dumps(content))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "place", "reason"),
    [
        (lambda: flip(DATA / "actions.npy"), 0, "actions.npy is damaged"),
        (lambda: (DATA / "rewards.npy").unlink(), 0, "rewards.npy is missing"),
        (lambda: rewrite(DATA / "manifest.json", lambda m: m.update(seed=9), False), 0, "damaged"),
        (
            lambda: rewrite(DATA / "manifest.json", lambda m: m.update(task="walker2d-medium")),
            0,
            "its manifest is of task 'walker2d-medium'",
        ),
        (lambda: flip(RUN / POLICY), 1, "is not the one that was trained"),
        (lambda: (RUN / POLICY).unlink(), 1, "is not the one that was trained"),
        (
            lambda: rewrite(RUN / "training.json", lambda t: t.update(steps=5), False),
            1,
            "training.json is damaged, or was changed after it was written",
        ),
        (
            lambda: rewrite(RUN / "training.json", lambda t: t["identity"].update(seed=1)),
            1,
            "belongs to another run",
        ),
        (
            lambda: rewrite(RUN / "training.json", lambda t: t["code"].update({"dt/x.py": "1"})),
            1,
            "code: dt/x.py removed or no longer imported",
        ),
        (
            lambda: rewrite(RUN / "result.json", lambda r: r["protocol"].update(episodes=3), False),
            2,
            "was changed after it was written",
        ),
        (
            lambda: rewrite(RUN / "result.json", lambda r: r["hashes"].update(policy="0")),
            2,
            "it is of another policy than the one beside it",
        ),
        (lambda: (RUN / "run.json").unlink(), 2, "run.json, which is made with it, does not exist"),
    ],
)
def test_what_is_not_valid_says_why_and_takes_what_follows_with_it(
    damage: Callable[[], None], place: int, reason: str, here: Path
) -> None:
    damage()
    reasons = [text for _, text in found()]
    assert reasons[:place] == [None] * place
    assert reason in str(reasons[place])
    assert all("not valid" in str(text) for text in reasons[place + 1 :])


@pytest.mark.parametrize(
    ("changes", "place", "reason"),
    [
        ({"training": {"steps": 5}}, 1, "steps: 4 in the record, 5 here"),
        ({"training": {"curve": []}}, 1, "curve"),
        ({"suites": {"mujoco": CONFIG["suites"]["mujoco"] | {"curve": False}}}, 1, "curve"),
        ({"methods": {"bc": {"module": "bc", "options": OPTIONS | {"width": 9}}}}, 1, "width"),
        ({"evaluation": {"episodes": 3}}, 2, "episodes: 2 in the record, 3 here"),
        ({"evaluation": {"max_steps": None}}, 2, "max_steps"),
        ({"evaluation": {"episode_list": "other"}}, 2, "episode_list"),
        ({"evaluation": {"time_limit": 3}}, 3, ""),
    ],
)
def test_results_of_other_settings_are_not_valid(
    changes: dict[str, Any], place: int, reason: str, here: Path
) -> None:
    reasons = [text for _, text in found(**changes)]
    assert reasons[:place] == [None] * place
    if place < 3:
        assert reasons[place] is not None
        assert reason in reasons[place]


def test_code_that_was_shown_to_give_equal_bytes_is_as_good(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(RUN / "training.json", lambda t: t["code"].update({"dt/x.py": "1"}))
    monkeypatch.setattr(validity.links, "same", lambda one, other, linked: True)
    assert found()[1] == VALID[1]


def test_a_name_of_the_data_that_points_elsewhere_is_another_data_set(here: Path) -> None:
    assert found(data={"steps": 2000})[0][1] == "it does not exist"
    assert "data set data/generated/hopper-medium/2000-0 is not valid" in str(
        found(data={"steps": 2000})[1][1]
    )


def test_the_file_of_a_training_is_the_one_that_is_judged() -> None:
    assert VALID[1][0].name == train.TRAINING
