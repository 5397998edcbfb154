from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from baselines import behaviour
from bench.core.seeds import derive
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import UnknownEnvironment, VectorEnv, make
from bench.methods.context import Context
from bench.methods.contract import BadMethod
from bench.runs.rollout import episode_seed
from bench.tasks.registry import Task
from tests.helpers.rollout import HOPPER, PUSH, STILL, acting, constant, run, watching


def plain_episode(
    episode: int, action: Any, environment: str = "Hopper-v4"
) -> tuple[float, int, list[float]]:
    """One episode with a constant action, in a loop of its own: return, length, rewards."""
    simulator = gymnasium.make(environment)
    simulator.reset(seed=episode_seed("Hopper-v4", episode))
    rewards, over = [], False
    while not over:
        _, reward, terminal, timeout, _ = simulator.step(action)
        rewards.append(float(reward))
        over = terminal or timeout
    simulator.close()
    return total(rewards), len(rewards), rewards


def total(rewards: list[float]) -> float:
    """Add one by one: `sum` rounds otherwise from Python 3.12 on."""
    return functools.reduce(operator.add, rewards, 0.0)


@pytest.fixture
def short_hopper() -> Iterator[Callable[[int], Task]]:
    """Hopper with another time limit."""
    name = "ShortHopper-v4"

    def limited(steps: int) -> Task:
        entry = "gymnasium.envs.mujoco.hopper_v4:HopperEnv"
        gymnasium.register(name, entry_point=entry, max_episode_steps=steps)
        return replace(HOPPER, domain=replace(HOPPER.domain, environment=name))

    yield limited
    gymnasium.registry.pop(name)


@pytest.mark.parametrize("action", [STILL, PUSH], ids=["still", "push"])
def test_episodes_are_those_of_a_plain_loop(action: Any) -> None:
    [outcome] = run(constant(action), episodes=5)
    expected = [plain_episode(episode, action) for episode in range(5)]
    assert outcome.returns == [earned for earned, _, _ in expected]
    assert outcome.lengths == [length for _, length, _ in expected]
    assert len(set(outcome.lengths)) > 1


def test_an_episode_may_be_cut_with_what_it_has_earned() -> None:
    [outcome] = run(constant(STILL), episodes=3, max_steps=20)
    expected = [plain_episode(episode, STILL)[2][:20] for episode in range(3)]
    assert outcome.lengths == [20, 20, 20]
    assert outcome.returns == [total(rewards) for rewards in expected]
    finished: list[list[int]] = []
    policy = constant(STILL)
    policy.finish = lambda envs: finished.append(envs.tolist())
    run(policy, episodes=2, max_steps=20)
    assert finished[-1] == [0, 1]  # it is told that they are over
    # a limit beyond its end leaves an episode as it is
    assert run(constant(PUSH), max_steps=1000) == run(constant(PUSH))


@pytest.mark.parametrize("name", ["bc", "dt", "uniform"])
def test_a_used_policy_gives_the_same_again(policies: dict[str, Any], name: str) -> None:
    assert run(policies[name]) == run(policies[name])


def test_the_policy_sees_the_reward_of_its_previous_action() -> None:
    policy, _, rewarded = watching(PUSH)
    run(policy, episodes=1, num_envs=1)
    expected = np.array([0.0, *plain_episode(0, PUSH)[2][:-1]], dtype=np.float32)
    np.testing.assert_array_equal(np.concatenate(rewarded), expected)


def test_the_sparse_variant_shows_no_reward_and_scores_the_true_return() -> None:
    policy, _, rewarded = watching(PUSH)
    sparse = run(policy, sparse=True)
    assert not np.any(rewarded)
    assert sparse == run(constant(PUSH))
    assert min(sparse[0].returns) > 0


def test_a_policy_cannot_change_what_it_is_shown() -> None:
    def act(observations: Any, rewards: Any) -> Any:
        observations[:] = 0
        rewards[:] = 1e6
        return np.tile(PUSH, (len(observations), 1))

    assert run(acting(act)) == run(constant(PUSH))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda envs: np.zeros(envs), r"shape \(2,\), expected \(2, 3\)"),
        (lambda envs: np.zeros((envs, 2)), r"shape \(2, 2\), expected \(2, 3\)"),
        (lambda envs: np.zeros((1, 3)), r"shape \(1, 3\), expected \(2, 3\)"),
        (lambda envs: None, r"shape \(\), expected \(2, 3\)"),
        (lambda envs: np.full((envs, 3), np.nan), "not a finite number"),
        (lambda envs: np.full((envs, 3), np.inf), "not a finite number"),
        (lambda envs: np.full((envs, 3), "left"), "not a finite number"),
    ],
    ids=["flat", "narrow", "one-env", "none", "nan", "inf", "text"],
)
def test_useless_actions_are_refused_with_the_methods_name(
    act: Callable[[int], Any], message: str
) -> None:
    policy = acting(lambda observations, rewards: act(len(observations)))
    with pytest.raises(BadMethod, match=f"method mine: act returned .*{message}"):
        run(policy)


@pytest.mark.parametrize("step", [0, 3])
def test_a_useless_action_is_reported_with_its_step(step: int) -> None:
    steps = iter(range(100))

    def act(observations: Any, rewards: Any) -> Any:
        return np.full((len(observations), 3), np.nan if next(steps) == step else 0.0)

    with pytest.raises(BadMethod, match=f"not a finite number, in step {step} of an episode"):
        run(acting(act))


def test_actions_beyond_the_limits_are_clipped() -> None:
    beyond = np.array([5.0, -7.0, 1e6], dtype=np.float32)
    assert run(constant(beyond)) == run(constant(np.array([1, -1, 1], dtype=np.float32)))


def test_progress_counts_the_episodes_of_all_targets() -> None:
    done: list[tuple[int, int]] = []
    run(
        constant(STILL),
        targets=[1.0, 2.0],
        progress=lambda now, total: done.append((now, total)),
    )
    assert done == [(2, 6), (3, 6), (5, 6), (6, 6)]


def test_the_time_limit_ends_an_episode(short_hopper: Callable[[int], Task]) -> None:
    [outcome] = run(constant(STILL), short_hopper(5))
    assert outcome.lengths == [5, 5, 5]


@pytest.mark.parametrize(
    ("after_the_fall", "last"),
    [(-1, (False, True)), (0, (True, False)), (1, (True, False))],
    ids=["limit-first", "both", "fall-first"],
)
def test_an_end_is_a_terminal_or_a_time_out(
    short_hopper: Callable[[int], Task], after_the_fall: int, last: tuple[bool, bool]
) -> None:
    fall = plain_episode(0, STILL)[1]
    envs = VectorEnv(short_hopper(fall + after_the_fall).domain.environment, 1)
    envs.reset(0, episode_seed("Hopper-v4", 0))
    flags = [envs.step_one(0, STILL)[1:] for _ in range(fall + min(after_the_fall, 0))]
    envs.close()
    assert flags == [(False, False)] * (len(flags) - 1) + [last]


def test_seeds_of_episodes_do_not_follow_from_the_run() -> None:
    outcomes = [run(constant(PUSH), seed=seed) for seed in (0, 1)]
    assert outcomes[0] == outcomes[1]
    assert len({episode_seed("Hopper-v4", episode) for episode in range(100)}) == 100
    assert episode_seed("Walker2d-v4", 0) != episode_seed("Hopper-v4", 0)


def test_a_named_list_has_seeds_of_its_own() -> None:
    lists = ("", "trials", "others")
    seeds = {episode_seed("Hopper-v4", episode, name) for episode in range(50) for name in lists}
    assert len(seeds) == 150
    # the list of reported scores keeps its seeds
    assert episode_seed("Hopper-v4", 3) == derive("evaluation", "Hopper-v4", 3)


def test_a_policy_that_draws_draws_otherwise_in_another_run(policies: dict[str, Any]) -> None:
    [zero], [one] = run(policies["uniform"], seed=0), run(policies["uniform"], seed=1)
    assert not set(zero.returns) & set(one.returns)
    assert [zero] == run(policies["uniform"], seed=0)


def test_recorded_episodes_are_not_rolled_out(
    hopper_like: Trajectories, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*arguments: Any) -> None:
        raise AssertionError("an environment was made")

    monkeypatch.setattr("bench.runs.rollout.make_vector", forbidden)
    with pytest.raises(AssertionError, match="an environment was made"):
        run(constant(STILL))  # a policy that is rolled out makes one
    context = Context(task=HOPPER, seed=0, steps=0)
    policy = behaviour.train(hopper_like, behaviour.Config(), context)
    outcomes = run(policy, targets=[1.0, 2.0], episodes=1)
    assert [outcome.target for outcome in outcomes] == [1, 2]
    for outcome in outcomes:
        assert outcome.returns == pytest.approx(hopper_like.returns.tolist(), rel=1e-6)
        assert outcome.lengths == hopper_like.lengths.tolist()
        assert {type(value) for value in (*outcome.returns, *outcome.lengths)} == {float, int}


def test_an_unknown_environment_is_refused_by_name() -> None:
    with pytest.raises(UnknownEnvironment, match="cannot make environment 'Hopper-v99'"):
        make("Hopper-v99")
