"""MuJoCo environments with gusts of wind."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

from bench.environments import gusts
from bench.environments.gusts import Gusts
from bench.environments.vector import make
from bench.tasks.registry import FAMILIES, task_by_name


def hopper(**settings: Any) -> Gusts:
    return Gusts(gymnasium.make("Hopper-v4", disable_env_checker=True).unwrapped, **settings)


def winds(environment: Gusts, steps: int, seed: int = 0) -> list[float]:
    """Return the force at each step; a fallen body goes on."""
    environment.reset(seed=seed)
    return [environment.step(np.zeros(3, np.float32))[4]["wind"] for _ in range(steps)]


def test_without_gusts_it_is_the_environment() -> None:
    calm, whole = hopper(chance=0.0), make("Hopper-v4")
    np.testing.assert_array_equal(calm.reset(seed=1)[0], whole.reset(seed=1)[0])
    random = np.random.default_rng(0)
    for _ in range(15):
        action = random.uniform(-1, 1, 3).astype(np.float32)
        ours, theirs = calm.step(action), whole.step(action)
        np.testing.assert_array_equal(ours[0], theirs[0])
        assert ours[1:4] == theirs[1:4]


def test_a_gust_has_its_length_its_force_and_either_direction() -> None:
    environment = hopper(chance=0.05, seconds=0.08, strength=0.5)
    weight = 9.81 * environment.unwrapped.model.body_mass.sum()
    blown = winds(environment, 3000)
    assert {round(abs(force), 6) for force in blown if force} == {round(0.5 * weight, 6)}
    pushed = np.flatnonzero(np.array(blown) != 0)
    runs = np.split(pushed, np.flatnonzero(np.diff(pushed) > 1) + 1)
    # 0.08 s are 10 steps of 0.008 s; two gusts may follow each other at once
    assert {len(run) % 10 for run in runs} == {0}
    forward = np.mean([blown[run[0]] > 0 for run in runs])
    assert 0.3 < forward < 0.7


def test_a_gust_pushes_the_body() -> None:
    calm, windy = hopper(chance=0.0), hopper(chance=1.0)
    for environment in (calm, windy):
        environment.reset(seed=0)
    action = np.zeros(3, np.float32)
    for _ in range(5):
        calm.step(action)
        wind = windy.step(action)[4]["wind"]
    moved = windy.unwrapped.data.qvel[0] - calm.unwrapped.data.qvel[0]
    assert np.sign(moved) == np.sign(wind)


def test_the_seed_decides_the_wind_and_a_new_episode_begins_without() -> None:
    environment = hopper(chance=0.3)
    assert winds(environment, 50, seed=4) == winds(environment, 50, seed=4)
    assert winds(environment, 50, seed=4) != winds(environment, 50, seed=5)
    always = hopper(chance=1.0)
    winds(always, 3)
    always._chance = 0.0
    assert winds(always, 3) == [0.0, 0.0, 0.0]


def test_observations_and_actions_are_those_of_the_environment() -> None:
    for base in gusts.BASES:
        windy, whole = make(gusts.environment_id(base)), make(f"{base}-v4")
        assert windy.observation_space == whole.observation_space
        assert windy.action_space == whole.action_space


def test_constants_are_those_of_the_environment_without_wind() -> None:
    for domain in FAMILIES["gusts"].domains.values():
        calm = task_by_name(f"{domain.name.removesuffix('_gusts')}-medium").domain
        for name in ("horizon", "target_return", "return_scale", "reference_min", "reference_max"):
            assert getattr(domain, name) == getattr(calm, name)


@pytest.mark.parametrize("base", gusts.BASES)
def test_the_time_limit_is_the_horizon(base: str) -> None:
    assert make(gusts.environment_id(base)).spec.max_episode_steps == gusts.HORIZON
