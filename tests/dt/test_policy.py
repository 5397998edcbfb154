"""dt/policy.py: what it gives the network while it acts, and the return-to-go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import dt.method
from bench.datasets.trajectories import Trajectories
from dt.method import Config, DecisionTransformerPolicy
from dt.windows import Windows
from tests.helpers.dt import OBS, episode_slices, make_context, make_data, make_task

K = 4
SMALL = Config(
    context_length=K, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)


def train(config: Config = SMALL, steps: int = 3, data: Trajectories | None = None) -> Any:
    return dt.method.train(data or make_data(), config, make_context(steps=steps))


def seeds(num_envs: int) -> np.ndarray:
    return np.arange(num_envs, dtype=np.int64)


def inputs_of_acts(policy: DecisionTransformerPolicy) -> list[tuple[Tensor, ...]]:
    """Return a list that fills with what the network is given at each act."""
    seen: list[tuple[Tensor, ...]] = []
    policy.model.register_forward_pre_hook(
        lambda module, window: seen.append(tuple(part.clone() for part in window))
    )
    return seen


# --- acting sees what training saw --------------------------------------------------------------


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
@pytest.mark.parametrize("episode", range(4))
def test_acting_through_an_episode_of_the_data_gives_the_training_windows(
    episode: int, sparse: bool
) -> None:
    data = make_data().sparse() if sparse else make_data()
    policy = train(data=data)
    windows = Windows(data, K, policy.return_scale, "cpu")
    rows = episode_slices(data)[episode]
    seen = inputs_of_acts(policy)
    policy.reset(seeds(1), data.returns[[episode]].astype(np.float32))
    reward = np.zeros(1, dtype=np.float32)
    for step, row in enumerate(range(rows.start, rows.stop)):
        policy.act(data.observations[[row]], reward)
        policy.actions[:, step] = torch.from_numpy(data.actions[row])  # as if it had done this
        # the evaluator shows 0 throughout in the sparse variant
        reward = np.zeros(1, dtype=np.float32) if sparse else data.rewards[[row]]
        first = max(step - K + 1, 0)
        batch = windows.at(np.array([rows.start + first]))
        length = step - first + 1
        returns, states, actions, timesteps = seen[step]
        torch.testing.assert_close(returns, batch.returns_to_go[:, :length])
        torch.testing.assert_close(states, batch.states[:, :length], rtol=0, atol=0)
        torch.testing.assert_close(actions[:, :-1], batch.actions[:, : length - 1], rtol=0, atol=0)
        assert (
            timesteps.tolist()
            == batch.timesteps[:, :length].tolist()
            == [[*range(first, step + 1)]]
        )
        assert (actions[:, -1] == 0).all(), "the action that is being chosen is not known yet"
    assert len(seen) == rows.stop - rows.start


@pytest.mark.parametrize(
    ("rewards", "expected"),
    [
        ([0, 100, -50, 25], [[3.6, 3.5, 3.55, 3.525], [1.8, 1.7, 1.75, 1.725]]),
        ([0, 0, 0, 0], [[3.6] * 4, [1.8] * 4]),
    ],
    ids=["dense", "sparse"],
)
def test_target_falls_by_the_raw_rewards_shown(
    rewards: list[float], expected: list[list[float]]
) -> None:
    policy = train()  # Hopper: return scale 1000
    policy.reset(seeds(2), np.array([3600, 1800], dtype=np.float32))
    seen = inputs_of_acts(policy)
    for reward in rewards:
        policy.act(np.ones((2, OBS), np.float32), np.full(2, reward, np.float32))
    np.testing.assert_allclose(seen[-1][0], expected, rtol=1e-6)


def test_rewards_lower_the_target_of_their_own_episode_only() -> None:
    policy = train()
    policy.reset(seeds(2), np.array([1000, 1000], dtype=np.float32))
    seen = inputs_of_acts(policy)
    policy.act(np.ones((2, OBS), np.float32), np.zeros(2, np.float32))
    policy.act(np.ones((2, OBS), np.float32), np.array([250, 0], np.float32))
    np.testing.assert_allclose(seen[-1][0], [[1.0, 0.75], [1.0, 1.0]], rtol=1e-6)


def test_a_long_sum_of_rewards_is_exact() -> None:
    """Summed in float32, 1000 rewards of 0.1 from 10,000 would be off by more than this allows."""
    policy = dt.method.train(
        make_data(), SMALL, make_context(steps=1, task=make_task(horizon=1001, return_scale=1.0))
    )
    policy.reset(seeds(1), np.array([1e4], dtype=np.float32))
    for _ in range(1000):
        policy.act(np.zeros((1, OBS), np.float32), np.full(1, 0.1, np.float32))
    expected = 1e4 - 1000 * float(np.float32(0.1))
    assert policy.window()[0][0, -2].item() == pytest.approx(expected, abs=1e-3)


def test_the_callers_targets_are_left_alone() -> None:
    policy, targets = train(), np.array([5.0, 6.0], dtype=np.float32)
    policy.reset(seeds(2), targets)
    policy.act(np.ones((2, OBS), np.float32), np.ones(2, np.float32))
    assert targets.tolist() == [5.0, 6.0]


def test_the_target_changes_the_actions() -> None:
    policy = train(steps=20)
    observation = np.ones((2, OBS), np.float32)
    policy.reset(seeds(2), np.array([0, 5000], dtype=np.float32))
    low, high = policy.act(observation, np.zeros(2, np.float32))
    assert np.abs(low - high).max() > 1e-3


def test_the_state_and_context_that_acting_uses_are_those_of_training() -> None:
    """No more than K steps, also deep in an episode; whole-set statistics."""
    data = make_data()
    policy = train(data=data.select(np.array([2])))
    np.testing.assert_array_equal(policy.mean, data.observation_mean)
    np.testing.assert_array_equal(policy.std, data.observation_std)
    policy.reset(seeds(1), np.zeros(1, np.float32))
    seen = inputs_of_acts(policy)
    for _ in range(3 * K):
        policy.act(np.ones((1, OBS), np.float32), np.zeros(1, np.float32))
    assert [window[3].shape[1] for window in seen] == [1, 2, 3] + [K] * (3 * K - 3)
    assert seen[-1][3].tolist() == [[3 * K - 4, 3 * K - 3, 3 * K - 2, 3 * K - 1]]


def test_its_own_actions_are_what_it_remembers() -> None:
    policy = train()
    policy.reset(seeds(2), np.zeros(2, np.float32))
    seen = inputs_of_acts(policy)
    acted = [policy.act(np.full((2, OBS), i, np.float32), np.zeros(2, np.float32)) for i in (1, 5)]
    policy.act(np.ones((2, OBS), np.float32), np.zeros(2, np.float32))
    np.testing.assert_array_equal(seen[-1][2][:, :2], np.stack(acted, axis=1))


def test_an_episode_longer_than_the_horizon_is_a_clear_error() -> None:
    policy = dt.method.train(make_data(), SMALL, make_context(steps=1, task=make_task(horizon=9)))
    policy.reset(seeds(1), np.zeros(1, np.float32))
    for _ in range(9):
        policy.act(np.ones((1, OBS), np.float32), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="more than the 9 steps"):
        policy.act(np.ones((1, OBS), np.float32), np.zeros(1, np.float32))


def test_acting_has_no_dropout() -> None:
    policy = train(replace(SMALL, dropout=0.5))
    observation, reward = np.ones((1, OBS), np.float32), np.zeros(1, np.float32)
    actions = []
    for _ in range(3):
        policy.model.train()
        policy.reset(seeds(1), np.zeros(1, np.float32))
        actions.append(policy.act(observation, reward).tolist())
    assert actions[0] == actions[1] == actions[2]


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_finished_episodes_do_not_change_the_others(precision: Any, tolerance: float) -> None:
    """But for rounding, which depends on how many episodes are in a product."""
    policy = train(replace(SMALL, precision=precision), steps=20)
    random = np.random.default_rng(0)
    observations = random.normal(2, 3, (3 * K, 6, OBS)).astype(np.float32)
    finished = {2: [4], 5: [0, 1], 7: [2, 3]}  # step -> environments finished before it
    seen = inputs_of_acts(policy)

    def play(finishing: bool) -> Any:
        seen.clear()
        policy.reset(seeds(6), np.linspace(0, 3000, 6, dtype=np.float32))
        actions = []
        for step, shown in enumerate(observations):
            if finishing and step in finished:
                policy.finish(np.array(finished[step]))
            actions.append(policy.act(shown, np.ones(6, np.float32)))
        return np.stack(actions)

    everyone, some = play(False), play(True)
    sizes = [len(window[0]) for window in seen]
    assert sizes == [6, 6, 5, 5, 5, 3, 3] + [2] * (3 * K - 7)  # a finished one stays with the last
    close = {"rtol": 0, "atol": tolerance * np.abs(everyone).max()}
    np.testing.assert_allclose(some[:, 5], everyone[:, 5], **close)
    np.testing.assert_allclose(some[:7, [2, 3]], everyone[:7, [2, 3]], **close)
    assert (some[2:, 4] == 0).all()
    assert (everyone[2:, 4] != 0).any()
