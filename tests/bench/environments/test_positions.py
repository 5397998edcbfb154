"""MuJoCo environments without velocities."""

from __future__ import annotations

import numpy as np
import pytest

from bench.environments import positions
from bench.environments.vector import make
from bench.tasks.registry import FAMILIES, task_by_name


@pytest.mark.parametrize("base", positions.POSITIONS)
def test_an_episode_is_that_of_the_environment_with_velocities(base: str) -> None:
    whole, part = make(f"{base}-v4"), make(positions.environment_id(base))
    count = positions.positions_of(positions.environment_id(base))
    full, _ = whole.reset(seed=3)
    seen, _ = part.reset(seed=3)
    random = np.random.default_rng(0)
    for _ in range(30):
        assert seen.shape == part.observation_space.shape == (count,)
        np.testing.assert_array_equal(seen, full[:count])
        action = random.uniform(-1, 1, whole.action_space.shape).astype(np.float32)
        full, reward, terminal, timeout, _ = whole.step(action)
        seen, same, ended, cut, _ = part.step(action)
        assert (same, ended, cut) == (reward, terminal, timeout)
        if terminal:
            break


@pytest.mark.parametrize("base", positions.POSITIONS)
def test_what_is_left_out_are_the_velocities(base: str) -> None:
    environment = make(f"{base}-v4").unwrapped
    environment.reset(seed=0)
    count = positions.POSITIONS[base]
    before = environment._get_obs()
    environment.set_state(environment.data.qpos.copy(), environment.data.qvel + 1)
    after = environment._get_obs()
    np.testing.assert_array_equal(before[:count], after[:count])
    assert (before[count:] != after[count:]).all()


def test_the_time_limit_is_the_horizon() -> None:
    environment = make("bench/HalfCheetahPositions-v0")
    environment.reset(seed=0)
    action = np.zeros(6, dtype=np.float32)
    ends = [environment.step(action)[3] for _ in range(1000)]
    assert ends == [False] * 999 + [True]


def test_constants_are_those_of_the_environment_with_velocities() -> None:
    for domain in FAMILIES["positions"].domains.values():
        whole = task_by_name(f"{domain.name.removesuffix('_positions')}-medium").domain
        for name in ("horizon", "target_return", "return_scale", "reference_min", "reference_max"):
            assert getattr(domain, name) == getattr(whole, name)
        assert positions.bases()[domain.environment] == whole.environment
