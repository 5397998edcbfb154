"""CQL on scaled rewards, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines import cql, cql_scaled
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.tasks.registry import task_by_name
from tests.helpers.dt import make_data


def with_rewards(rewards: list[float], ends: list[int]) -> Trajectories:
    steps = len(rewards)
    terminals = np.zeros(steps, bool)
    terminals[ends] = True
    return from_arrays(
        np.arange(2 * steps, dtype=np.float32).reshape(steps, 2),
        np.zeros((steps, 1), np.float32),
        np.array(rewards, np.float32),
        terminals,
        np.zeros(steps, bool),
    )


def test_the_largest_value_is_discounted_and_stays_within_an_episode() -> None:
    data = with_rewards([1.0, 2.0, 4.0, -8.0, 2.0], ends=[2, 4])
    # from the steps of the first episode 1 + 0.5 (2 + 0.5 * 4) = 3, 4, 4; of the second -7, 2
    assert cql_scaled.largest_value(data, 0.5) == pytest.approx(7.0)
    assert cql_scaled.largest_value(data, 0.0) == pytest.approx(8.0)


@given(st.floats(0.01, 100), st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=8))
def test_the_largest_value_grows_with_the_rewards(factor: float, rewards: list[float]) -> None:
    data = with_rewards(rewards, ends=[len(rewards) - 1])
    value = cql_scaled.largest_value(data, 0.9)
    larger = replace(data, rewards=data.rewards * np.float32(factor))
    assert cql_scaled.largest_value(larger, 0.9) == pytest.approx(factor * value, rel=1e-4)


def trained(module: Any, data: Trajectories, **options: Any) -> list[np.ndarray]:
    config = module.Config(layers=1, width=8, batch_size=4, action_samples=1, **options)
    context = Context(task_by_name("hopper-medium"), seed=0, steps=3)
    policy = module.train(data, config, context)
    return [value.detach().numpy() for value in policy.actor.parameters()]


def test_a_multiple_of_the_rewards_trains_the_same_policy() -> None:
    """Powers of two change no digit."""
    data = make_data((9, 8), observation_size=11, action_size=3)
    times = replace(data, rewards=data.rewards * np.float32(64))
    for one, other in zip(trained(cql_scaled, data), trained(cql_scaled, times), strict=True):
        np.testing.assert_array_equal(one, other)
    assert any(
        not np.array_equal(one, other)
        for one, other in zip(trained(cql, data), trained(cql, times), strict=True)
    )


def test_it_is_cql_where_the_rewards_have_the_range_already() -> None:
    data = make_data((9, 8), observation_size=11, action_size=3)
    value = cql_scaled.largest_value(data, cql.Config().discount)
    for one, other in zip(
        trained(cql_scaled, data, value_range=value), trained(cql, data), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_rewards_of_0_stay_0(capsys: pytest.CaptureFixture[str]) -> None:
    data = make_data((9, 8), observation_size=11, action_size=3)
    trained(cql_scaled, replace(data, rewards=np.zeros_like(data.rewards)))
    assert "rewards are multiplied by 1\n" in capsys.readouterr().out


def test_the_policy_is_that_of_cql(tmp_path: Path) -> None:
    data = make_data((9, 8), observation_size=11, action_size=3)
    config = cql_scaled.Config(layers=1, width=8, batch_size=4, action_samples=1)
    policy = cql_scaled.train(data, config, Context(task_by_name("hopper-medium"), seed=0, steps=2))
    policy.save(tmp_path / "policy.safetensors")
    again = cql_scaled.load(tmp_path / "policy.safetensors", "cpu")
    observations = data.observations[:3].astype(np.float32)
    np.testing.assert_array_equal(
        policy.act(observations, np.zeros(3)), again.act(observations, np.zeros(3))
    )


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_range_of_nothing_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="value_range must be above 0"):
        cql_scaled.Config(value_range=value)
