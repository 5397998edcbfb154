"""Episodes side by side: none depends on the others, and each is counted once."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest

from bench.datasets.trajectories import Trajectories
from bench.environments.vector import VectorEnv
from bench.methods.context import Context
from bench.methods.contract import BadMethod
from bench.runs.rollout import episode_seed
from dt import method as dt
from tests.helpers.rollout import HOPPER, PUSH, STILL, acting, constant, run, watching


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("num_envs", [2, 4], ids=["2-envs", "4-envs"])
@pytest.mark.parametrize("name", ["bc", "dt", "uniform"])
def test_an_episode_alone_is_that_in_the_batch_bit_for_bit(
    policies: dict[str, Any], name: str, num_envs: int
) -> None:
    """With products of one size: DT is not told which episodes are finished, so it leaves out none."""
    policy = acting(policies[name].act, policies[name].reset)
    [together] = run(policy, episodes=5, num_envs=num_envs)
    assert len(set(together.returns)) == 5
    alone = [run(policy, episodes=1, first=i, num_envs=num_envs)[0] for i in range(5)]
    assert [outcome.returns[0] for outcome in alone] == together.returns
    assert [outcome.lengths[0] for outcome in alone] == together.lengths


def test_finish_is_called_once_for_each_finished_episode() -> None:
    finished: list[list[int]] = []
    policy = constant(PUSH)
    policy.finish = lambda envs: finished.append(envs.tolist())
    [outcome] = run(policy, episodes=3, num_envs=4)
    assert finished[0] == [3]  # no episode for it
    assert sorted(env for envs in finished[1:] for env in envs) == [0, 1, 2]
    first = int(np.argmin(outcome.lengths))
    assert first in finished[1]


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-4), ("bfloat16", 0.05)])
def test_finished_episodes_do_not_change_the_actions_of_the_others(
    precision: Any, tolerance: float, hopper_like: Trajectories
) -> None:
    """But for rounding, which depends on how many episodes are in a product. A second policy that leaves
    out none is shown the same: the simulator makes other returns of the last bits.
    """
    config = dt.Config(layers=2, width=32, context_length=5, warmup_steps=1, precision=precision)
    context = Context(seed=0, steps=2, device="cpu", task=HOPPER)
    policy = dt.train(hopper_like, config, context)
    policy.model.predict_action.bias.data.zero_()
    policy.model.predict_action.weight.data *= (
        0.05  # it stands for a while, and falls at other times
    )
    other = copy.copy(policy)
    running = np.ones(6, dtype=np.bool_)
    sizes, differences, largest = [], [], []

    def reset(seeds: Any, targets: Any) -> None:
        running[:] = True
        policy.reset(seeds, targets)
        other.reset(seeds, targets)

    def finish(envs: Any) -> None:
        running[envs] = False
        policy.finish(envs)

    def act(observations: Any, rewards: Any) -> Any:
        actions, expected = policy.act(observations, rewards), other.act(observations, rewards)
        sizes.append((len(policy.active), len(other.active)))
        differences.append(np.abs(actions - expected)[running].max())
        largest.append(np.abs(actions[running]).max())
        return actions

    [outcome] = run(SimpleNamespace(reset=reset, act=act, finish=finish), episodes=6, num_envs=6)
    assert len(set(outcome.lengths)) > 2
    assert {mine for mine, _ in sizes} > {2, 6}
    assert {all_of_them for _, all_of_them in sizes} == {6}
    assert max(differences) <= tolerance * max(largest)


def test_every_target_gets_episodes_of_its_own(policies: dict[str, Any]) -> None:
    low, high = run(policies["dt"], targets=[100.0, 9000.0], num_envs=4)
    assert (low.target, high.target) == (100.0, 9000.0)
    assert [low] == run(policies["dt"], targets=[100.0], num_envs=4)
    assert [high] == run(policies["dt"], targets=[9000.0], num_envs=4)
    assert low.returns != high.returns


def test_each_target_reaches_the_policy_in_a_batch_of_its_own() -> None:
    asked: list[list[float]] = []
    policy = acting(
        lambda observations, rewards: np.tile(STILL, (len(observations), 1)),
        lambda seeds, targets: asked.append(targets.tolist()),
    )
    run(policy, targets=[1.0, 2.0], episodes=3, num_envs=4)
    assert asked == [[1] * 4, [2] * 4]


def test_a_nan_in_one_env_at_a_later_step_is_refused() -> None:
    calls: list[int] = []

    def act(observations: Any, rewards: Any) -> Any:
        calls.append(1)
        actions = np.tile(STILL, (len(observations), 1))
        if len(calls) == 7:
            actions[1, 2] = np.nan
        return actions

    with pytest.raises(BadMethod, match="not a finite number"):
        run(acting(act))
    assert len(calls) == 7


def test_a_finished_env_neither_earns_nor_counts_on() -> None:
    policy, observed, rewarded = watching(STILL)
    [outcome] = run(policy, episodes=2, num_envs=2)
    first, last = sorted(outcome.lengths)
    env = int(np.argmin(outcome.lengths))
    assert first < last == len(observed)
    # the reward of the last action is still shown, then none
    assert rewarded[first][env] != 0
    assert not np.any([rewards[env] for rewards in rewarded[first + 1 :]])
    rest = [observations[env] for observations in observed[first:]]
    np.testing.assert_array_equal(rest, np.tile(rest[0], (len(rest), 1)))


@pytest.mark.parametrize("num_envs", [1, 2, 3, 7])
def test_every_started_episode_is_counted_once(num_envs: int) -> None:
    done: list[tuple[int, int]] = []
    [outcome] = run(
        constant(STILL),
        episodes=4,
        num_envs=num_envs,
        progress=lambda now, total: done.append((now, total)),
    )
    assert outcome == run(constant(STILL), episodes=4, num_envs=4)[0]
    assert done[-1] == (4, 4)
    assert [now for now, _ in done] == sorted({now for now, _ in done})


def test_every_method_starts_from_the_same_states(policies: dict[str, Any]) -> None:
    first: list[Any] = []
    for action in (STILL, PUSH):
        policy, observed, _ = watching(action)
        run(policy, episodes=3, num_envs=3)
        first.append(observed[0])
    np.testing.assert_array_equal(first[0], first[1])
    simulator = gymnasium.make("Hopper-v4")
    for episode in range(3):
        state, _ = simulator.reset(seed=episode_seed("Hopper-v4", episode))
        np.testing.assert_array_equal(first[0][episode], state.astype(np.float32))
    simulator.close()
    assert len({tuple(row) for row in first[0]}) == 3


def test_environments_are_closed_when_a_policy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    monkeypatch.setattr(VectorEnv, "close", lambda envs: closed.append(len(envs.environments)))
    with pytest.raises(BadMethod):
        run(constant(np.zeros(2)))
    assert closed == [2]
