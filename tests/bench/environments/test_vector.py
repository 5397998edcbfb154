"""Key-to-Door's episodes stepped together, against one environment for each, under the protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from baselines import uniform
from bench.behaviours.random_play import random_episodes
from bench.core.code import ROOT
from bench.environments.key_to_door import ID, KeyToDoorVector
from bench.environments.key_to_door_rooms import HORIZON, KEY
from bench.environments.vector import VectorEnv, make_vector
from bench.methods.contract import BadMethod
from bench.runs import rollout as protocol
from bench.runs.rollout import Outcome, episode_seed, evaluate
from bench.tasks.registry import task_by_name
from tests.helpers.key_to_door import EAST, NORTH, SOUTH, WEST

TASK = task_by_name("key_to_door-1k")


class Scripted:
    """Goes to the key where it sees it, else at random; in the door room north, or at random."""

    def reset(self, seeds: Any, targets: Any) -> None:
        self.generators = [np.random.default_rng(int(seed)) for seed in seeds]
        self.shown: list[tuple[Any, Any]] = []

    def act(self, observations: Any, rewards: Any) -> Any:
        self.shown.append((observations, rewards))
        envs = zip(observations, self.generators, strict=True)
        return np.array([self.one(observation, draw) for observation, draw in envs])

    def one(self, observation: Any, generator: np.random.Generator) -> int:
        chance, drawn = generator.random(), int(generator.integers(4))
        if len(self.shown) > 105:
            return NORTH if chance < 0.5 else drawn
        key = np.argwhere((observation == KEY).all(axis=2))
        if len(key) == 0 or chance < 0.2:
            return drawn
        down, right = (int(x) - 2 for x in key[0])  # the agent is in the middle of its view
        if right:
            return EAST if right > 0 else WEST
        return SOUTH if down > 0 else NORTH


def policy_of(name: str) -> Any:
    if name == "scripted":
        return Scripted()
    return uniform.train(random_episodes(1, 0), uniform.Config(), None)  # type: ignore[arg-type]


def run(policy: Any, **settings: Any) -> Outcome:
    defaults: dict[str, Any] = {"episodes": 14, "targets": [1.0], "num_envs": 6}
    [outcome] = evaluate(policy, TASK, method="mine", **(defaults | settings))
    return outcome


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "make_vector", VectorEnv)


@pytest.mark.parametrize("name", ["scripted", "uniform"])
def test_episodes_together_are_those_of_single_environments(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """14 episodes in 6 envs: the last batch leaves envs idle."""
    together = run(policy_of(name))
    one_by_one(monkeypatch)
    assert run(policy_of(name)) == together
    assert together.lengths == [HORIZON] * 14
    if name == "scripted":
        assert set(together.returns) == {0.0, 1.0}


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_the_policy_is_shown_the_same(sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by envs at rest: their first observation, and no reward."""
    first, second = Scripted(), Scripted()
    settings = {"episodes": 3, "first": 5, "sparse": sparse, "num_envs": 4}
    run(first, **settings)
    one_by_one(monkeypatch)
    run(second, **settings)
    assert len(first.shown) == len(second.shown) == HORIZON
    for mine, other in zip(first.shown, second.shown, strict=True):
        for shown, expected in zip(mine, other, strict=True):
            np.testing.assert_array_equal(shown, expected)
            assert shown.dtype == expected.dtype
    assert first.shown[0][0].dtype == np.uint8
    assert first.shown[0][0].shape == (4, 5, 5, 3)


@pytest.mark.parametrize("num_envs", [1, 3])
def test_an_episode_does_not_depend_on_its_neighbours(num_envs: int) -> None:
    """A policy that looks at nothing but its env earns the same in any number of envs."""
    assert run(policy_of("scripted"), num_envs=num_envs) == run(policy_of("scripted"))


def test_uniform_play_seldom_succeeds() -> None:
    """2.81 % of episodes (bench/environments/key_to_door_rooms.py), within 4 standard deviations."""
    returns = run(policy_of("uniform"), episodes=2000, num_envs=500).returns
    assert abs(np.mean(returns) - 0.0281) < 4 * (0.0281 * 0.9719 / 2000) ** 0.5
    assert set(returns) == {0.0, 1.0}


def test_another_seed_of_the_run_draws_other_actions_from_the_same_starts() -> None:
    mine, other = Scripted(), Scripted()
    run(mine, seed=0, num_envs=2, episodes=2)
    run(other, seed=1, num_envs=2, episodes=2)
    np.testing.assert_array_equal(mine.shown[0][0], other.shown[0][0])
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(mine.shown, other.shown, strict=True))


# --- envs themselves ---------------------------------------------------------------------------


def test_which_environments_are_stepped_together() -> None:
    assert isinstance(make_vector(ID, 2), KeyToDoorVector)
    other = make_vector("bench/ShortestPath1-v0", 2)
    assert type(other) is VectorEnv
    other.close()


@pytest.fixture
def both() -> Any:
    """VectorEnv of both kinds, with the same episodes."""
    pair = [KeyToDoorVector(3), VectorEnv(ID, 3)]
    for envs in pair:
        for env in range(3):
            envs.reset(env, episode_seed(ID, env))
    yield pair
    for envs in pair:
        envs.close()


def test_envs_that_act_now_and_then_agree(both: Any) -> None:
    """Env 0 acts at each step and ends alone; env 2 at every second; env 1 never."""
    together, single = both
    still = single.observations[1].copy()
    assert together.action_space == single.action_space
    random = np.random.default_rng(0)
    for step in range(HORIZON):
        acting = np.array([2, 0]) if step % 2 else np.array([0])
        actions = random.integers(4, size=len(acting))
        results = [envs.step(acting, actions) for envs in both]
        for mine, other in zip(*results, strict=True):
            np.testing.assert_array_equal(mine, other)
            assert mine.dtype == other.dtype
        np.testing.assert_array_equal(together.observations, single.observations)
        assert results[0][1].tolist() == ([False] if step % 2 == 0 else [False, step == 119])
    np.testing.assert_array_equal(together.observations[1], still)
    for envs in both:
        envs.reset(0, episode_seed(ID, 7))  # again, in an env that is over
        envs.step(np.array([0]), np.array([EAST]))
    np.testing.assert_array_equal(together.observations, single.observations)


def test_step_one_says_the_same(both: Any) -> None:
    for step in range(HORIZON):
        results = [envs.step_one(1, np.int64(step % 4)) for envs in both]
        assert results[0] == results[1] == (0.0, step == HORIZON - 1, False)
        assert [type(part) for part in results[0]] == [float, bool, bool]
        np.testing.assert_array_equal(both[0].observations, both[1].observations)


# --- actions that no environment can take -------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda envs: np.zeros(envs), "float64 0 to 0, expected whole numbers 0 to 3"),
        (lambda envs: np.full(envs, 0.5, np.float32), "float32 0.5 to 0.5, expected whole"),
        (lambda envs: np.full(envs, 4), "int64 4 to 4, expected whole numbers 0 to 3"),
        (lambda envs: np.array([0, -1]), "int64 -1 to 0, expected whole numbers 0 to 3"),
        (lambda envs: np.zeros((envs, 1), int), r"shape \(2, 1\), expected \(2,\)"),
        (lambda envs: np.zeros((envs, 4), np.float32), r"shape \(2, 4\), expected \(2,\)"),
        (lambda envs: np.zeros(1, int), r"shape \(1,\), expected \(2,\)"),
        (lambda envs: 0, r"shape \(\), expected \(2,\)"),
        (lambda envs: np.full(envs, np.nan), "not a finite number"),
        (lambda envs: np.full(envs, "left"), "not a finite number"),
    ],
    ids=[
        "float",
        "half",
        "above",
        "below",
        "column",
        "one-hot",
        "one-env",
        "scalar",
        "nan",
        "text",
    ],
)
def test_useless_actions_are_refused_with_the_methods_name(
    act: Callable[[int], Any], message: str
) -> None:
    policy = SimpleNamespace(
        reset=lambda seeds, targets: None,
        act=lambda observations, rewards: act(len(observations)),
    )
    with pytest.raises(BadMethod, match=f"^method mine: .*{message}"):
        run(policy, num_envs=2)


def test_a_new_process_makes_the_environments_after_register() -> None:
    """As docs/key_to_door.md and docs/graph.md say; Gymnasium 1.0 reads no entry points."""
    code = (
        "import gymnasium; from bench.environments.vector import register; register(); "
        "made = [gymnasium.make(f'bench/{name}-v0') for name in ('KeyToDoor', 'ShortestPath', 'Reacher2d')]; "
        "print(*[one.reset(seed=0)[0].shape for one in made])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(5, 5, 3) (1,) (12,)"
