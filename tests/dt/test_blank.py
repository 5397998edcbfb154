"""DT with blank return tokens, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context
from bench.tasks.registry import task_by_name
from dt import blank
from dt.windows import Windows
from tests.helpers.dt import make_data


def three_episodes() -> Trajectories:
    """Sparse rewards: three episodes of 3, 1 and 2 steps that return 7, 5 and -2."""
    ends = np.array([0, 0, 1, 1, 0, 1], bool)
    return from_arrays(
        np.arange(12, dtype=np.float32).reshape(6, 2),
        np.zeros((6, 1), np.float32),
        np.array([0, 0, 7, 5, 0, -2], np.float32),
        ends,
        np.zeros(6, bool),
    )


def test_the_return_to_go_is_blank_until_the_last_step() -> None:
    data = blank.blanked(three_episodes())
    np.testing.assert_array_equal(data.returns_to_go(), [0, 0, 7, 5, 0, -2])
    windows = Windows(data, 3, 1.0, "cpu")
    batch = windows.at(np.array([0, 3, 4]))
    expected = [[0, 0, 7], [5, 0, 0], [0, -2, 0]]
    np.testing.assert_array_equal(batch.returns_to_go.numpy(), expected)


def test_the_data_are_otherwise_the_same() -> None:
    before = three_episodes()
    after = blank.blanked(before)
    for name in ("observations", "actions", "terminals", "episode_starts", "observation_mean"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    np.testing.assert_array_equal(before.rewards, [0, 0, 7, 5, 0, -2])


def test_a_policy_sees_the_target_at_the_last_step_of_the_horizon() -> None:
    data = make_data((4, 3), observation_size=11, action_size=3)
    task = task_by_name("hopper-medium")
    config = blank.Config(context_length=2, layers=1, width=8)
    policy = blank.train(data, config, Context(task, seed=0, steps=1))
    policy.inner.horizon = 3
    policy.reset(np.arange(2), np.array([3600, 100], np.float32))
    seen = []
    for reward in (0, 50, 0):
        policy.act(np.zeros((2, 11), np.float32), np.full(2, reward, np.float32))
        step = policy.inner.step - 1
        seen.append((policy.inner.returns_to_go[:, step] * policy.inner.return_scale).tolist())
    assert seen == [[0, 0], [0, 0], [3600, 100]]


@pytest.mark.parametrize(
    "options", [{"discount": 0.9}, {"target_follows": "time"}, {"predict": "returns"}]
)
def test_settings_that_do_not_fit_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a blank return token needs discount 1"):
        blank.Config(**options)  # type: ignore[arg-type]
