"""DT that learns several discounts, by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.tasks.registry import task_by_name
from dt import discounts
from dt.policy import spread_evenly
from dt.windows import returns_to_go
from tests.helpers.dt import make_data


def two_episodes() -> Trajectories:
    return from_arrays(
        np.arange(10, dtype=np.float32).reshape(5, 2),
        np.zeros((5, 1), np.float32),
        np.array([1, 2, 4, 8, 16], np.float32),
        np.array([0, 0, 1, 0, 1], bool),
        np.zeros(5, bool),
        final_observations=np.array([[20, 21], [22, 23]], np.float32),
    )


def test_the_sums_of_the_rewards_are_the_discounted_returns_to_go() -> None:
    data = discounts.with_discounts(two_episodes(), (1.0, 0.5))
    np.testing.assert_allclose(data.returns_to_go()[:5], [7, 6, 4, 24, 16])
    # 1 + 2 / 2 + 4 / 4, 2 + 4 / 2, 4; 8 + 16 / 2, 16
    np.testing.assert_allclose(data.returns_to_go()[5:], [3, 4, 4, 16, 16])
    np.testing.assert_array_equal(data.episode_starts, [0, 3, 5, 8, 10])
    assert (data.episodes, data.steps) == (4, 10)


def test_the_discount_is_a_column_of_the_state() -> None:
    data = discounts.with_discounts(two_episodes(), (1.0, 0.5))
    np.testing.assert_array_equal(data.observations[:5, 2:], [[1, 0]] * 5)
    np.testing.assert_array_equal(data.observations[5:, 2:], [[0, 1]] * 5)
    np.testing.assert_array_equal(data.observations[:5, :2], data.observations[5:, :2])
    np.testing.assert_array_equal(data.final_observations[:, 2:], [[1, 0]] * 2 + [[0, 1]] * 2)
    np.testing.assert_allclose(data.observation_mean, data.observations.mean(axis=0))
    np.testing.assert_allclose(data.observation_std, data.observations.std(axis=0), rtol=1e-6)


def test_one_discount_of_one_leaves_the_returns_to_go() -> None:
    data = make_data((4, 6), observation_size=3, action_size=2)
    np.testing.assert_allclose(
        discounts.with_discounts(data, (1.0,)).returns_to_go(), returns_to_go(data, 1.0), rtol=1e-5
    )


def policy(asked: float) -> discounts.DiscountsPolicy:
    data = make_data((4, 3), observation_size=11, action_size=3)
    config = discounts.Config(
        context_length=2, layers=1, width=8, discounts=(1.0, 0.999), asked=asked
    )
    return discounts.train(data, config, Context(task_by_name("hopper-medium"), seed=0, steps=1))


def shown(trained: discounts.DiscountsPolicy, rewards: list[float]) -> tuple[list[float], float]:
    """Return the returns-to-go that the network sees in one episode, and its last column of the state."""
    trained.reset(np.arange(1), np.array([3600], np.float32))
    for reward in rewards:
        trained.act(np.zeros((1, 11), np.float32), np.array([reward], np.float32))
    seen = trained.inner.returns_to_go[0, : len(rewards)] * trained.inner.return_scale
    return seen.tolist(), float(trained.inner.states[0, 0, -1])


def test_without_a_discount_rewards_lower_the_return_to_go() -> None:
    seen, column = shown(policy(1.0), [0, 100, 50])
    assert seen == pytest.approx([3600, 3500, 3450])
    assert column < 0  # standardised: the column of 0.999 is 0


def test_with_a_discount_time_lowers_it_as_in_dt() -> None:
    """3.6 a step: the sum of 3.6 * 0.999^k over the steps that are left. It falls by 3.6 * 0.999^999, about 1.3."""
    seen, column = shown(policy(0.999), [0, 100, 50])
    expected = [spread_evenly(np.array([3600.0]), 0.999, 1000, step)[0] for step in range(3)]
    assert expected[0] == pytest.approx(3600 * (1 - 0.999**1000))
    assert expected[0] - expected[2] == pytest.approx(2.65, abs=0.01)
    assert seen == pytest.approx(expected, rel=1e-6)
    assert column > 0


def test_a_policy_that_was_saved_asks_for_the_same_discount(tmp_path: Path) -> None:
    """An evaluation reads the policy from its file."""
    trained = policy(0.999)
    trained.save(tmp_path / "policy")
    loaded = discounts.load(tmp_path / "policy", "cpu")
    assert (loaded.asked, loaded.discounts) == (0.999, (1.0, 0.999))
    assert shown(loaded, [0, 100, 50]) == shown(trained, [0, 100, 50])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"discounts": ()}, "must be different numbers"),
        ({"discounts": (1.0, 1.0)}, "must be different numbers"),
        ({"discounts": (1.0, 1.5)}, "above 0 and at most 1, not 1.5"),
        ({"asked": 0.9}, "asked is 0.9, which is not one of"),
        ({"discount": 0.9}, "`discount` must be 1"),
    ],
)
def test_wrong_discounts_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        discounts.Config(**options)  # type: ignore[arg-type]
