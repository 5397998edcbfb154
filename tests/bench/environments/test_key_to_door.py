"""Key-to-Door as a Gymnasium environment: any actions, many envs against single ones, bad input."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st

from bench.environments import key_to_door, key_to_door_rooms
from bench.environments.key_to_door import ID, KeyToDoor
from bench.environments.key_to_door_rooms import HORIZON, Rooms
from tests.helpers.key_to_door import (
    CHARACTERS,
    KEY_ROOM,
    NORTH,
    shortest,
)


@given(
    st.lists(st.integers(0, 3), min_size=HORIZON, max_size=HORIZON),
    st.integers(0, 2**31),
    st.booleans(),
    st.booleans(),
)
def test_whatever_the_agent_does(actions, seed, takes_key, meets_door):
    environment = KeyToDoor()
    seen, info = environment.reset(seed=seed)
    rooms, total = environment._rooms, 0.0
    if takes_key:
        path = shortest(KEY_ROOM, tuple(rooms.position[0]), tuple(rooms.key[0]))
        actions[: len(path)] = path
    if meets_door:
        actions[105:107] = [NORTH, NORTH]
    for step, action in enumerate(actions, start=1):
        had_key = info["has_key"]
        seen, reward, terminal, timeout, info = environment.step(np.int64(action))
        total += reward
        assert (terminal, timeout) == (step == HORIZON, False)
        assert seen.dtype == np.uint8
        assert environment.observation_space.contains(seen)
        assert CHARACTERS[tuple(seen[2, 2])] == "+"
        assert info["phase"] == (step >= 15) + (step >= 105)
        assert info["has_key"] >= had_key
        row, column = rooms.position[0]
        assert key_to_door_rooms.ROOMS[info["phase"]][row][column] != "#"
        if reward:
            assert (reward, info["has_key"], [row, column], info["phase"]) == (1, True, [0, 2], 2)
        around = np.pad(rooms.picture(0).astype(int), ((2, 2), (2, 2), (0, 0)), constant_values=204)
        np.testing.assert_array_equal(around[row : row + 5, column : column + 5], seen)
    assert total in ((1,) if takes_key and meets_door else (0, 1))
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        environment.step(np.int64(0))


def test_envs_are_single_environments_side_by_side():
    """Also when they are out of step with one another, and start again."""
    key_to_door.register()
    count, draw = 7, np.random.default_rng(5)
    singles = [gymnasium.make(ID) for _ in range(count)]
    rooms, envs = Rooms(count), np.arange(count)
    rooms.reset(envs, [np.random.default_rng(seed) for seed in range(count)])
    seen = [single.reset(seed=seed)[0] for seed, single in enumerate(singles)]
    for turn in range(200):
        over = np.flatnonzero(rooms.steps == HORIZON)
        rooms.reset(over, [np.random.default_rng(1000 + turn) for _ in over])
        for env in over:
            seen[env], _ = singles[env].reset(seed=1000 + turn)
        np.testing.assert_array_equal(rooms.observations, seen)
        acting = draw.permutation(count)[: draw.integers(3, count + 1)]
        actions = draw.integers(4, size=len(acting))
        rewards = rooms.step(acting, actions)
        for env, action, reward in zip(acting, actions, rewards, strict=True):
            seen[env], single_reward, terminal, _, info = singles[env].step(action)
            assert (single_reward, terminal) == (reward, rooms.steps[env] == HORIZON)
            assert info["has_key"] == rooms.has_key[env]


@pytest.mark.filterwarnings("ignore:.*render_fps.*")
def test_gymnasium_accepts_it():
    key_to_door.register()
    key_to_door.register()
    environment = gymnasium.make(ID, render_mode="rgb_array")
    assert environment.spec.max_episode_steps is None
    check_env(environment.unwrapped, skip_render_check=False)
    other = gymnasium.make(ID)
    assert other.action_space is not environment.action_space


@pytest.mark.parametrize("action", [4, -1, 1.0, None, "north", [0]], ids=repr)
def test_other_actions_are_refused(action):
    environment = KeyToDoor()
    environment.reset(seed=0)
    with pytest.raises(ValueError, match="action must be a whole number 0 to 3"):
        environment.step(action)
    assert environment._rooms.steps[0] == 0


def test_what_comes_too_early_or_does_not_exist_is_refused():
    environment = KeyToDoor(render_mode="rgb_array")
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset"):
        environment.step(np.int64(0))
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset before render"):
        environment.render()
    with pytest.raises(ValueError, match="must be None or 'rgb_array', not 'human'"):
        KeyToDoor(render_mode="human")
