"""CQL that sees the return-to-go, by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from baselines import cql_rtg
from bench.datasets.build import from_arrays
from bench.methods.context import Context
from bench.tasks.registry import task_by_name
from tests.helpers.dt import make_data


def test_the_return_to_go_is_one_more_number_of_the_observation() -> None:
    data = from_arrays(
        np.ones((4, 2), np.float32),
        np.zeros((4, 1), np.float32),
        np.array([0, 0, 6, 4], np.float32),
        np.array([0, 0, 1, 1], bool),
        np.zeros(4, bool),
        final_observations=np.full((2, 2), 9, np.float32),
    )
    seen = cql_rtg.with_returns_to_go(data, scale=2.0)
    np.testing.assert_array_equal(seen.observations[:, 2], [3, 3, 3, 2])
    np.testing.assert_array_equal(seen.final_observations, [[9, 9, 0], [9, 9, 0]])
    assert seen.observation_mean[2] == pytest.approx(2.75)
    assert seen.observation_std[2] == pytest.approx(np.std([3, 3, 3, 2]))


def test_it_falls_by_the_rewards_while_the_policy_acts() -> None:
    data = make_data((9, 8), observation_size=11, action_size=3)
    config = cql_rtg.Config(layers=1, width=8, batch_size=4, action_samples=1)
    context = Context(task_by_name("hopper-medium"), seed=0, steps=2)
    policy = cql_rtg.train(data, config, context)
    assert policy.inner.mean.shape == (12,)
    policy.reset(np.arange(2), np.array([3000, 1000], np.float32))
    targets = []
    for reward in (0.0, 500.0):
        policy.act(np.zeros((2, 11), np.float32), np.full(2, reward, np.float32))
        targets.append(policy.returns_to_go.tolist())
    assert targets == [[3000, 1000], [2500, 500]]


def test_the_action_depends_on_the_return_to_go() -> None:
    data = make_data((9, 8), observation_size=11, action_size=3)
    config = cql_rtg.Config(layers=1, width=16, batch_size=4, action_samples=1)
    policy = cql_rtg.train(data, config, Context(task_by_name("hopper-medium"), seed=0, steps=2))
    observations = np.zeros((2, 11), np.float32)
    policy.reset(np.arange(2), np.array([0, 9000], np.float32))
    low, high = policy.act(observations, np.zeros(2, np.float32))
    assert (low != high).any()


def test_while_it_acts_the_return_to_go_has_the_scale_of_the_training(tmp_path: Path) -> None:
    """Of Hopper: 1000. A policy that was saved and read again has it as well."""
    data = make_data((9, 8), observation_size=11, action_size=3)
    config = cql_rtg.Config(layers=1, width=8, batch_size=4, action_samples=1)
    trained = cql_rtg.train(data, config, Context(task_by_name("hopper-medium"), seed=0, steps=2))
    trained.save(tmp_path / "policy")
    for policy in (trained, cql_rtg.load(tmp_path / "policy", "cpu")):
        seen: list[list[float]] = []
        act = policy.inner.act

        def noted(observations: Any, rewards: Any, act: Any = act, seen: Any = seen) -> Any:
            seen.append(observations[:, 11].tolist())
            return act(observations, rewards)

        policy.inner.act = noted
        policy.reset(np.arange(2), np.array([3000, 1000], np.float32))
        for reward in (0.0, 500.0):
            policy.act(np.zeros((2, 11), np.float32), np.full(2, reward, np.float32))
        assert seen == [[3, 1], [2.5, 0.5]]
