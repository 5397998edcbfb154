"""The public interface: what it loads, trains and scores, and what it says to wrong arguments. The tutorial runs all of
it on episodes of CartPole: tests/docs/test_tutorial.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import api
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.runs import record
from bench.runs.policies import POLICY

SMALL = {"width": 16, "batch_size": 8}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hopper_like: Trajectories) -> Path:
    """A working directory with one data set of hopper-medium."""
    monkeypatch.chdir(tmp_path)
    about = {"task": "hopper-medium", "source": "generated"}
    storage.save(hopper_like, tmp_path / "data/generated/hopper-medium/75-0", about)
    return tmp_path


def cartpole(**changes: Any) -> dict[str, Any]:
    """Return two episodes of CartPole, of 3 and 2 steps; lists are arrays too."""
    return {
        "observations": np.arange(20.0).reshape(5, 4) / 100,
        "actions": [0, 1, 1, 0, 1],
        "rewards": np.ones(5),
        "terminals": [False, False, True, False, True],
        "timeouts": [False] * 5,
    } | changes


# --- data sets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["hopper-medium", "data/generated/hopper-medium/75-0"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_data_set_is_found_by_task_and_by_folder(
    where: str, kind: type[str] | type[Path], here: Path, hopper_like: Trajectories
) -> None:
    found = api.load_dataset(kind(where))
    assert found.task.name == "hopper-medium"
    assert found.folder == Path("data/generated/hopper-medium/75-0")
    np.testing.assert_array_equal(found.episodes.actions, hopper_like.actions)


def test_of_several_data_sets_none_is_chosen(here: Path, hopper_like: Trajectories) -> None:
    about = {"task": "hopper-medium", "source": "d4rl"}
    storage.save(hopper_like, here / "data/d4rl/hopper-medium/v2", about)
    with pytest.raises(ValueError, match=r"has 2 data sets here: .* data/d4rl/hopper-medium/v2"):
        api.load_dataset("hopper-medium")


def test_a_task_without_data_says_how_to_make_them(here: Path) -> None:
    with pytest.raises(FileNotFoundError, match="`bench data generate --task walker2d-medium"):
        api.load_dataset("walker2d-medium")


@pytest.mark.parametrize(
    ("where", "words"),
    [("hopper-mine", "is neither a folder nor a task"), ("data", "is a folder without a data set")],
)
def test_what_is_no_data_set_is_named(where: str, words: str, here: Path) -> None:
    with pytest.raises(ValueError, match=f"^{where} {words}; tasks: "):
        api.load_dataset(where)


# --- own episodes -------------------------------------------------------------------------------


def test_arrays_become_a_task(here: Path) -> None:
    found = api.import_arrays(
        "cartpole-mine", cartpole(), environment="CartPole-v1", reference=(20, 500), label="Pole"
    )
    domain = found.task.domain
    assert (domain.environment, domain.horizon, domain.label) == ("CartPole-v1", 500, "Pole")
    assert (domain.target_return, domain.return_scale) == (3, 1)
    assert (domain.reference_min, domain.reference_max) == (20, 500)
    assert found.episodes.returns.tolist() == [3, 2]
    assert found.episodes.actions.tolist() == [0, 1, 1, 0, 1]
    assert api.load_dataset("cartpole-mine").folder == found.folder


def test_actions_are_brought_to_the_range_of_policies(here: Path) -> None:
    """Pendulum's torques go from -2 to 2."""
    arrays = {
        "observations": np.zeros((2, 3)),
        "actions": np.array([[2.0], [-1.0]]),
        "rewards": np.array([-1.0, -2.0]),
        "terminals": np.array([True, True]),
    }
    found = api.import_arrays(
        "pendulum-mine", arrays, environment="Pendulum-v1", reference=(-1500, 0)
    )
    assert found.episodes.actions.ravel().tolist() == [1, -0.5]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"actions": [0, 1, 1, 0, 2]}, "actions hold 2"),
        ({"observations": np.zeros((5, 3))}, r"needs \(steps, 4\)"),
        ({"rewards": np.ones(4)}, "rewards"),
        ({"rewards": [1, 2, None, 4, 5]}, "rewards holds object, not real numbers"),
        ({"surplus": np.ones(5)}, "surplus"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    changes: dict[str, Any], words: str, here: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        api.import_arrays(
            "cartpole-mine", cartpole(**changes), environment="CartPole-v1", reference=(20, 500)
        )
    assert not list(here.glob("data/imported/*/manifest.json"))


# --- runs ---------------------------------------------------------------------------------------


def test_a_run_is_trained_scored_and_loaded(here: Path) -> None:
    run = api.train("hopper-medium", "bc", steps=3, options=SMALL, name="bc-small", seed=4)
    assert run == Path("results/own/runs/hopper-medium/dense/100/bc-small/4")
    scores = api.evaluate(str(run), episodes=3, num_envs=2)
    written = record.read(here / run / "result.json")
    assert written["config"]["width"] == 16
    assert (written["protocol"]["episodes"], written["protocol"]["num_envs"]) == (3, 2)
    assert scores["return"].tolist() == written["evaluations"][-1]["returns"]
    assert (
        api.load_records(here / "results/own")
        .drop(columns="core_seconds")
        .equals(scores.drop(columns="core_seconds"))
    )
    policy, same = api.load_policy(run), load_method("bc").load(here / run / POLICY, "cpu")
    seen = np.random.default_rng(0).normal(size=(2, 11)).astype(np.float32)
    for one in (policy, same):
        one.reset(np.arange(2), np.zeros(2, dtype=np.float32))
    zeros = np.zeros(2, dtype=np.float32)
    np.testing.assert_array_equal(policy.act(seen, zeros), same.act(seen, zeros))


def test_reward_and_percent_are_those_of_the_run(here: Path) -> None:
    dataset = api.load_dataset("hopper-medium")
    run = api.train(
        dataset, "bc", steps=1, options=SMALL, reward="sparse", data_percent=50, scale="mine"
    )
    assert run == Path("results/mine/runs/hopper-medium/sparse/50/bc/0")
    assert (here / run / POLICY).exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"steps": 0}, "steps must be at least 1, not 0"),
        ({"reward": "none"}, "reward must be dense or sparse, not 'none'"),
        ({"data_percent": 0}, "data_percent must be above 0 and at most 100, not 0"),
        ({"name": "../bc"}, r"name must be a name of one folder, not '\.\./bc'"),
        ({"scale": ""}, "scale must be a name of one folder, not ''"),
        ({"options": {"depth": 3}}, "method bc has no option 'depth'"),
        ({"method": "no_such"}, "unknown method 'no_such'"),
    ],
)
def test_a_wrong_argument_of_a_training_is_named(
    arguments: dict[str, Any], words: str, here: Path
) -> None:
    with pytest.raises((ValueError, api.BadMethod), match=words):
        api.train("hopper-medium", **({"method": "bc", "steps": 1} | arguments))
    assert not (here / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"episodes": 0}, "episodes must be at least 1"),
        ({"num_envs": 0}, "num_envs must be at least 1"),
        ({"curve_episodes": -1}, "curve_episodes must be at least 0"),
    ],
)
def test_a_wrong_argument_of_an_evaluation_is_named(
    arguments: dict[str, int], words: str, here: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        api.evaluate("results/own/runs/hopper-medium/dense/100/bc/0", **arguments)


def test_a_folder_without_a_run_is_named(here: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"holds no training\.json"):
        api.load_policy("results/own/runs/hopper-medium/dense/100/bc/0")


def test_every_public_name_is_there() -> None:
    assert all(hasattr(api, name) for name in api.__all__)


def test_all_episodes_run_side_by_side_unless_it_is_said_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(api, "evaluate_run", lambda *arguments: asked.append(arguments))
    monkeypatch.setattr(api, "table", lambda path: path)
    run = Path("results/own/runs/hopper-medium/dense/100/bc/0")
    assert api.evaluate(run, episodes=7, curve_episodes=3) == run / "result.json"
    api.evaluate(run, episodes=7, num_envs=2)
    assert asked == [(run, 7, 7, 3, "cpu"), (run, 7, 2, 0, "cpu")]
