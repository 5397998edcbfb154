"""Key-to-Door's data of random actions, against episodes stepped one by one."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from scipy.stats import chisquare

from bench.behaviours import random_play
from bench.behaviours.generate import generate
from bench.behaviours.random_play import Play, play, random_episodes
from bench.core.seeds import derive
from bench.datasets import storage
from bench.datasets.consistency import check
from bench.environments.key_to_door import ID
from bench.environments.key_to_door_rooms import HORIZON
from bench.environments.vector import make
from bench.tasks.registry import task_by_name

COUNT, SEED = 300, 3


@pytest.fixture(scope="module")
def played() -> Play:
    return play(COUNT, SEED)


def same(one: Play, other: Play, count: int) -> bool:
    pairs = zip(astuple(one), astuple(other), strict=True)
    return all(np.array_equal(a[:count], b[:count]) for a, b in pairs)


def replay(environment: gymnasium.Env[Any, Any], episode: int, actions: Any) -> dict[str, Any]:
    """An episode of the Gymnasium environment with these actions, and what its `info` says."""
    observation, info = environment.reset(seed=derive("key_to_door", "random", SEED, episode))
    seen, earned, events = [observation], [], {"key": -1, "door": -1}
    assert not info["has_key"]
    for step, action in enumerate(actions):
        observation, reward, terminal, timeout, info = environment.step(action)
        seen.append(observation)
        earned.append(reward)
        if info["has_key"] and events["key"] < 0:
            events["key"] = step
        if reward and events["door"] < 0:
            events["door"] = step
        assert (terminal, timeout) == (step == HORIZON - 1, False)
    return {"seen": np.array(seen), "rewards": earned, **events}


def test_episodes_are_those_of_the_environment(played: Play) -> None:
    """Key and start come from the episode's seed, then its actions; Gymnasium's environment draws
    the former alone.
    """
    environment = make(ID)
    won = np.flatnonzero(played.door_step >= 0)
    lost = np.flatnonzero((played.key_step >= 0) & (played.door_step < 0))
    assert len(won) >= 4
    for episode in {0, 1, 2, COUNT - 1, *won[:6].tolist(), *lost[:4].tolist()}:
        expected = replay(environment, episode, played.actions[episode])
        np.testing.assert_array_equal(played.observations[episode], expected["seen"][:-1])
        np.testing.assert_array_equal(played.final_observations[episode], expected["seen"][-1])
        assert played.rewards[episode].tolist() == expected["rewards"]
        assert played.key_step[episode] == expected["key"]
        assert played.door_step[episode] == expected["door"]


def test_steps_of_events_agree_with_the_rules(played: Play) -> None:
    key, door = played.key_step, played.door_step
    assert ((key >= -1) & (key < 15)).all()
    assert set(played.rewards.sum(axis=1)) == {0.0, 1.0}
    np.testing.assert_array_equal(played.rewards.sum(axis=1) == 1, door >= 0)
    assert (door[door >= 0] >= 106).all()  # the door is two steps from where the agent enters
    assert (key[door >= 0] >= 0).all()
    rows = np.flatnonzero(door >= 0)
    assert (played.rewards[rows, door[rows]] == 1).all()
    assert (key < 0).any()
    assert ((key >= 0) & (door < 0)).any()


def test_shapes_and_types(played: Play) -> None:
    shapes = {
        "observations": ((COUNT, 120, 5, 5, 3), np.uint8),
        "actions": ((COUNT, 120), np.int64),
        "rewards": ((COUNT, 120), np.float32),
        "final_observations": ((COUNT, 5, 5, 3), np.uint8),
        "key_step": ((COUNT,), np.int64),
        "door_step": ((COUNT,), np.int64),
    }
    for name, (shape, dtype) in shapes.items():
        array = getattr(played, name)
        assert (array.shape, array.dtype) == (shape, dtype), name


def test_actions_are_uniform_and_independent_of_each_other(played: Play) -> None:
    assert chisquare(np.bincount(played.actions.ravel(), minlength=4)).pvalue > 0.01
    pairs = played.actions[:, :-1:2] * 4 + played.actions[:, 1::2]
    assert chisquare(np.bincount(pairs.ravel(), minlength=16)).pvalue > 0.01
    between = played.actions[:-1:2] * 4 + played.actions[1::2]  # of neighbouring episodes
    assert chisquare(np.bincount(between.ravel(), minlength=16)).pvalue > 0.01


def test_the_same_seed_gives_the_same_and_another_one_others(played: Play) -> None:
    assert same(played, play(COUNT, SEED), COUNT)
    other = play(20, SEED + 1)
    assert not (other.actions == played.actions[:20]).all(axis=1).any()


def test_a_larger_set_begins_with_the_smaller(played: Play) -> None:
    for count in (1, 7, 100):
        assert same(play(count, SEED), played, count)


@pytest.mark.parametrize("batch", [1, 7, 40, 41])
def test_episodes_do_not_depend_on_how_many_are_played_at_once(
    batch: int, played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random_play, "BATCH", batch)
    assert same(play(40, SEED), played, 40)


def test_no_random_number_of_others_is_used() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    play(3, SEED)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


# --- as a data set ------------------------------------------------------------------------------


def test_the_data_set_holds_the_episodes(played: Play) -> None:
    data = random_episodes(30, SEED)
    assert (data.episodes, data.steps, data.n_actions) == (30, 3600, 4)
    assert data.lengths.tolist() == [HORIZON] * 30
    np.testing.assert_array_equal(
        data.observations.reshape(30, HORIZON, 5, 5, 3), played.observations[:30]
    )
    np.testing.assert_array_equal(data.actions.reshape(30, HORIZON), played.actions[:30])
    np.testing.assert_array_equal(data.returns, played.rewards[:30].sum(axis=1))
    assert data.final_observations is not None
    np.testing.assert_array_equal(data.final_observations, played.final_observations[:30])
    np.testing.assert_array_equal(np.flatnonzero(data.terminals), 120 * np.arange(1, 31) - 1)
    assert not data.timeouts.any()
    check(data, "data")


def test_a_task_makes_its_data_set(tmp_path: Path) -> None:
    """1 % of the steps of the registry's, and a few that make no episode."""
    task = task_by_name("key_to_door-1k")
    made = generate(task, 1200 + 119, SEED, tmp_path / "set")
    read = storage.load(tmp_path / "set")
    expected = random_episodes(10, SEED)
    for data in (made, read):
        np.testing.assert_array_equal(data.observations, expected.observations)
        np.testing.assert_array_equal(data.actions, expected.actions)
        assert data.episodes == 10
    manifest = storage.read_manifest(tmp_path / "set")
    assert (manifest["task"], manifest["environment"], manifest["seed"]) == (task.name, ID, SEED)
    assert manifest["meaning"] == "episodes of uniformly random actions"
    bytes_of = [path.read_bytes() for path in sorted((tmp_path / "set").iterdir())]
    generate(task, 1200, SEED, tmp_path / "again")
    assert bytes_of == [path.read_bytes() for path in sorted((tmp_path / "again").iterdir())]


def test_less_than_one_episode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match="119 steps are too few: an episode of key_to_door-10k has 120 steps"
    ):
        generate(task_by_name("key_to_door-10k"), 119, 0, tmp_path / "set")
    assert not (tmp_path / "set").exists()
