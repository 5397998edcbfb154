"""dt/policy.py, dt/windows.py: `discount` in training, and in the return-to-go while acting."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

import dt.method
from dt.config import Config
from dt.policy import spread_evenly
from dt.windows import Windows, returns_to_go
from tests.helpers.dt import OBS, make_context, make_data, make_task, numbered, plain_returns_to_go

SMALL = Config(
    context_length=4, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)


def inputs_of_acts(policy: Any) -> list[tuple[Tensor, ...]]:
    """Return a list that fills with what the network is given at each act."""
    seen: list[tuple[Tensor, ...]] = []
    policy.model.register_forward_pre_hook(
        lambda module, window: seen.append(tuple(part.clone() for part in window))
    )
    return seen


def test_discounted_returns_to_go_by_hand() -> None:
    data = numbered((3, 2), [1, 2, 4, 3, 8])
    assert returns_to_go(data, 0.5).tolist() == [1 + 1 + 1, 2 + 2, 4, 3 + 4, 8]
    batch = Windows(data, 2, 2.0, "cpu", discount=0.5).at(np.array([0, 2, 3]))
    assert batch.returns_to_go.tolist() == [[1.5, 2], [2, 0], [3.5, 4]]


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    discount=st.floats(0.01, 1.0),
    seed=st.integers(0, 99),
)
def test_discounted_returns_to_go_equal_a_loops(
    lengths: list[int], discount: float, seed: int
) -> None:
    data = make_data(tuple(lengths), seed=seed)
    np.testing.assert_allclose(
        returns_to_go(data, discount), plain_returns_to_go(data, discount), rtol=1e-5, atol=1e-5
    )


def test_without_a_discount_nothing_changes() -> None:
    data = make_data()
    np.testing.assert_array_equal(returns_to_go(data, 1.0), data.returns_to_go())


def test_what_a_discounting_policy_asks_for_by_hand() -> None:
    """8 in 4 steps are 2 a step: 2 (1 + 1/2 + 1/4 + 1/8), 2 (1 + 1/2 + 1/4), 2 (1 + 1/2), 2;
    whatever was earned.
    """
    task = make_task(horizon=4, return_scale=10.0)
    config = replace(SMALL, discount=0.5)
    policy = dt.method.train(make_data((2, 4)), config, make_context(steps=3, task=task))
    policy.reset(np.arange(2), np.array([8, 80], dtype=np.float32))
    for rewards in ([0, 0], [5, -5], [100, 0], [0, 3]):
        policy.act(np.ones((2, OBS), np.float32), np.array(rewards, dtype=np.float32))
    found = [[0.375, 0.35, 0.3, 0.2], [3.75, 3.5, 3, 2]]
    np.testing.assert_allclose(policy.returns_to_go, found, rtol=1e-6)


@pytest.mark.parametrize("discount", [0.95, 0.99])
def test_asking_agrees_with_training(discount: float) -> None:
    """For an episode that earns evenly, acting has the returns-to-go of training, at every step."""
    data = numbered((30,), [2.0] * 30)
    target = np.array([60.0])
    found = [spread_evenly(target, discount, 30, step).item() for step in range(30)]
    np.testing.assert_allclose(found, returns_to_go(data, discount), rtol=1e-6)


def test_a_long_episode_asks_for_sensible_numbers() -> None:
    """Counted down with the division by 0.95, these would reach 10^22."""
    found = np.array(
        [spread_evenly(np.array([3600.0]), 0.95, 1000, step).item() for step in range(1000)]
    )
    assert found[0] == pytest.approx(3.6 / 0.05, rel=1e-6)
    assert found[-2:].tolist() == pytest.approx([3.6 * 1.95, 3.6])
    assert (np.diff(found) <= 0).all()


def test_a_discount_of_almost_one_asks_for_what_is_left_of_the_target() -> None:
    found = spread_evenly(np.array([100.0, 40.0]), 1 - 1e-9, 10, 4)
    assert found.tolist() == pytest.approx([60.0, 24.0], rel=1e-5)


def test_a_target_that_follows_time_is_not_lowered_by_rewards() -> None:
    """8 in 4 steps: 8, 6, 4, 2, whatever was earned; with the rewards seen: 8, 3, -97, -97."""
    task = make_task(horizon=4, return_scale=10.0)
    found = {}
    for follows in ("time", "rewards", "auto"):
        config = replace(SMALL, target_follows=follows)
        policy = dt.method.train(make_data((2, 4)), config, make_context(steps=3, task=task))
        policy.reset(np.arange(2), np.array([8, 80], dtype=np.float32))
        for rewards in ([0, 0], [5, -5], [100, 0], [0, 3]):
            policy.act(np.ones((2, OBS), np.float32), np.array(rewards, dtype=np.float32))
        found[follows] = policy.returns_to_go.tolist()
    np.testing.assert_allclose(found["time"], [[0.8, 0.6, 0.4, 0.2], [8, 6, 4, 2]], rtol=1e-6)
    np.testing.assert_allclose(
        found["rewards"], [[0.8, 0.3, -9.7, -9.7], [8, 8.5, 8.5, 8.2]], rtol=1e-6
    )
    assert found["auto"] == found["rewards"]


def test_training_does_not_depend_on_what_the_target_follows() -> None:
    task, data = make_task(horizon=4), make_data((2, 4))
    first, second = (
        dt.method.train(
            data, replace(SMALL, target_follows=follows), make_context(steps=3, task=task)
        )
        for follows in ("rewards", "time")
    )
    for ours, theirs in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert ours.equal(theirs)


def test_rewards_cannot_lower_a_discounted_target() -> None:
    with pytest.raises(
        ValueError, match="target_follows 'rewards' is not possible with a discount"
    ):
        Config(discount=0.99, target_follows="rewards")
    assert Config(discount=0.99, target_follows="time").closed_loop is False
