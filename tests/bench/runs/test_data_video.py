"""The best episode of a data set, drawn from the data alone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bench.behaviours.random_play import random_episodes
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import make
from bench.runs.data_video import PLACES, SCALE, _runner, best_episode
from bench.tasks.registry import task_by_name
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices

MUJOCO = {
    "Hopper-v4": "hopper-medium",
    "HalfCheetah-v4": "halfcheetah-medium",
    "Walker2d-v4": "walker2d-medium",
    "bench/Reacher2d-v0": "reacher2d-medium",
}


def played(environment: str, steps: int) -> tuple[np.ndarray, list[Any]]:
    """Return the observations of random actions, and the simulator's states: positions, velocities, goal."""
    scene = make(environment)
    inner, states, seen = scene.unwrapped, [], []
    observation, _ = scene.reset(seed=5)
    actions = np.random.default_rng(0).uniform(-1, 1, (steps, *scene.action_space.shape))
    for action in actions:
        seen.append(observation)
        goal = inner.data.mocap_pos[0, :2].copy() if inner.model.nmocap else None
        states.append((inner.data.qpos.copy(), inner.data.qvel.copy(), goal))
        observation, *_ = scene.step(action)
    scene.close()
    return np.array(seen), states


@pytest.mark.parametrize("environment", MUJOCO)
def test_observations_give_the_state_back(environment: str) -> None:
    """Exactly, but the place along x, which is summed up, and the whole turns of an arm."""
    seen, states = played(environment, 30)
    scene = make(environment)
    found = PLACES[environment](scene.unwrapped, seen)
    arm = environment == "bench/Reacher2d-v0"
    limit = 10 if environment in ("Hopper-v4", "Walker2d-v4") else np.inf  # of their observations
    for step, (positions, velocities, goal) in enumerate(states):
        mine, speed, place = found(step)
        np.testing.assert_allclose(speed, np.clip(velocities, -limit, limit), atol=1e-9)
        if arm:
            np.testing.assert_allclose(np.sin(mine), np.sin(positions), atol=1e-9)
            np.testing.assert_allclose(np.cos(mine), np.cos(positions), atol=1e-9)
            np.testing.assert_allclose(place, goal, atol=1e-9)
        else:
            np.testing.assert_allclose(mine[1:], positions[1:], atol=1e-9)
            assert abs((mine[0] - found(0)[0][0]) - (positions[0] - states[0][0][0])) < 0.1
            assert place is None
    scene.close()


def test_the_episode_is_the_best_and_frames_are_its_own() -> None:
    """What the agent of Key-to-Door sees."""
    data, task = random_episodes(5, 0), task_by_name("key_to_door-1k")
    rewards = data.rewards.copy()
    rewards[data.episode_starts[3] + 7] = 9
    data = replace(data, rewards=rewards)
    found = best_episode(data, task, most=10, every=4)
    assert (found.number, found.total) == (3, data.returns[3])
    assert len(found.frames) == 4  # of steps 0, 4, 8 and 10
    for frame, step in zip(found.frames, (0, 4, 8, 10), strict=True):
        expected = data.observations[data.episode_starts[3] + step]
        np.testing.assert_array_equal(frame[::SCALE, ::SCALE], expected)
        np.testing.assert_array_equal(frame[SCALE - 1 :: SCALE, SCALE - 1 :: SCALE], expected)
    assert len(best_episode(data, task).frames) == data.lengths[3]


def test_games_show_their_newest_frame() -> None:
    data = make_frames()
    found = best_episode(data, task_by_name("pong-replay"), every=2)
    start, stop = data.episode_starts[found.number : found.number + 2]
    assert found.number == int(np.argmax(data.returns))
    steps = sorted({*range(start, stop, 2), stop - 1})
    expected = np.repeat(np.asarray(data.observations)[steps][..., None], 3, axis=3)
    np.testing.assert_array_equal(found.frames, expected)


def test_what_cannot_be_drawn_is_named(hopper_like: Trajectories) -> None:
    task = task_by_name("hopper-medium")
    other = replace(task, domain=replace(task.domain, environment="Ant-v4"))
    with pytest.raises(ValueError, match=r"the data of Ant-v4 cannot be drawn .* of Hopper-v4,"):
        best_episode(hopper_like, other)
    flat = make_choices()
    with pytest.raises(ValueError, match="the data of bench/ShortestPath2-v0 cannot be drawn"):
        best_episode(flat, task_by_name("graph2-walks"))


@pytest.fixture
def hopping() -> Trajectories:
    seen, _ = played("Hopper-v4", 6)
    ends = np.arange(6) == 5
    return from_arrays(
        seen, np.zeros((6, 3)), np.ones(6, dtype=np.float32), ends, np.zeros(6, dtype=bool)
    )


@pytest.mark.slow
def test_mujoco_draws_the_data_without_a_screen(hopping: Trajectories) -> None:
    """With EGL or OSMesa; a machine that has neither is told so (tests/bench/runs/test_renderer.py)."""
    from ctypes.util import find_library

    if not (find_library("EGL") or find_library("OSMesa")):
        pytest.skip("neither EGL nor OSMesa is installed")
    found = best_episode(hopping, task_by_name("hopper-medium"), height=120)
    assert {frame.shape for frame in found.frames} == {(120, 120, 3)}
    assert len(found.frames) == 6
    assert len({frame.tobytes() for frame in found.frames}) == 6, "nothing moves"
    assert len(np.unique(found.frames[0].reshape(-1, 3), axis=0)) > 255


def test_how_far_a_runner_has_come_is_the_sum_of_its_velocity_before() -> None:
    """Velocities of 1, 2 and 4 at steps of half a second: 0, 0.5 and 1.5 metres."""
    inner = SimpleNamespace(model=SimpleNamespace(nq=2), dt=0.5)
    observations = np.array([[7.0, 1.0, 9.0], [8.0, 2.0, 9.0], [6.0, 4.0, 9.0]])
    states = _runner(inner, observations)
    assert [states(step)[0].tolist() for step in range(3)] == [[0, 7], [0.5, 8], [1.5, 6]]
    assert states(2)[1].tolist() == [4, 9]
    assert states(2)[2] is None
