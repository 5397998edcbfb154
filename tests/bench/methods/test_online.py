"""What a method may do in its environment, by hand: episodes, budget, seeds, checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.trajectories import Trajectories
from bench.methods import checkpoints
from bench.methods.contract import BadMethod
from bench.methods.online import COLUMNS, Environment, episode_seed, is_sparse, joined
from bench.runs import rollout
from bench.tasks.registry import task_by_name
from tests.helpers.dt import make_data, make_task, numbered
from tests.helpers.kinds import game_frames
from tests.helpers.online import Recorder, game


def test_episodes_are_relabelled_with_the_rewards_that_they_earned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Episodes of 2 and 3 steps earn 1 + 2 and 1 + 2 + 3, although 100 was asked for."""
    environment, envs = game(monkeypatch, (2, 3))
    policy = Recorder()
    [first] = [environment.collect(policy, 100.0)]
    data = first.episodes
    assert data is not None
    assert policy.targets == [[100.0, 100.0]]
    assert first.target == 100
    np.testing.assert_array_equal(data.rewards, [1, 2, 1, 2, 3])
    np.testing.assert_array_equal(data.returns_to_go(), [3, 2, 6, 5, 3])
    np.testing.assert_array_equal(first.returns, [3, 6])
    np.testing.assert_array_equal(data.observations[:, 0], [0, 0, 1, 1, 1])
    np.testing.assert_array_equal(data.observations[:, 1], [0, 1, 0, 1, 2])
    np.testing.assert_array_equal(data.timeouts, [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(data.terminals, [0, 0, 0, 0, 1])
    assert data.final_observations is not None
    np.testing.assert_array_equal(data.final_observations[:, 1], [2, 3])
    assert environment.taken == 5
    # a reward is shown with the next observation
    assert policy.shown == [[0, 0], [1, 1], [2, 2]]
    assert policy.finished == [0, 1]
    assert len(envs.actions) == 5


def test_statistics_and_types_are_those_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    like = make_data()
    environment, _ = game(monkeypatch, (2,), like=like)
    data = environment.collect(Recorder(), 1.0).episodes
    assert data is not None
    np.testing.assert_array_equal(data.observation_mean, like.observation_mean)
    np.testing.assert_array_equal(data.observation_std, like.observation_std)
    assert data.observations.dtype == data.actions.dtype == data.rewards.dtype == np.float32


def test_actions_are_recorded_as_they_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    environment, envs = game(monkeypatch, (1,))
    data = environment.collect(Recorder(action=7.0), 1.0).episodes
    assert data is not None
    np.testing.assert_array_equal(data.actions, np.ones((2, 2)))
    np.testing.assert_array_equal(np.stack(envs.actions), np.ones((2, 2)))


@pytest.mark.parametrize(
    ("budget", "taken", "kept"), [(5, 5, [3, 6]), (4, 4, [3]), (3, 2, []), (1, 0, [])]
)
def test_no_step_is_taken_beyond_the_budget(
    budget: int, taken: int, kept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Episodes of 2 and 3 steps; one that does not end within the budget is not kept."""
    environment, envs = game(monkeypatch, (2, 3), budget=budget)
    collected = environment.collect(Recorder(), 1.0)
    assert collected.returns.tolist() == kept
    assert environment.taken == len(envs.actions) == taken
    assert environment.exhausted
    with pytest.raises(ValueError, match=f"{taken} of {budget} environment steps are taken"):
        environment.collect(Recorder(), 1.0)


def test_an_environment_that_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    environment, _ = game(monkeypatch, (1,), budget=7)
    rounds = 0
    while not environment.exhausted:
        environment.collect(Recorder(), 1.0)
        rounds += 1
    assert (rounds, environment.taken) == (3, 6)
    collected = environment.collected()
    assert collected is not None
    np.testing.assert_array_equal(collected.returns_to_go(), np.ones(6))


def test_sparse_data_make_sparse_episodes(monkeypatch: pytest.MonkeyPatch) -> None:
    like = make_data().sparse()
    environment, _ = game(monkeypatch, (2, 3), like=like)
    policy = Recorder()
    data = environment.collect(policy, 1.0).episodes
    assert data is not None
    np.testing.assert_array_equal(data.rewards, [0, 3, 0, 0, 6])
    assert policy.shown == [[0, 0]] * 3
    assert is_sparse(like)
    assert not is_sparse(make_data())


def test_no_episode_of_an_evaluation_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    environment, envs = game(monkeypatch, (1,))
    for _ in range(20):
        environment.collect(Recorder(), 1.0)
    name = make_task().domain.environment
    assert envs.seeds == [episode_seed(name, 3, episode) for episode in range(40)]
    for listed in ("", "trials"):
        evaluated = {rollout.episode_seed(name, episode, listed) for episode in range(2000)}
        assert not evaluated & set(envs.seeds)
    assert len(set(envs.seeds)) == 40
    assert not {episode_seed(name, 4, episode) for episode in range(40)} & set(envs.seeds)


def test_a_checkpoint_holds_all_that_was_collected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The third round has no episode that ended."""
    environment, _ = game(monkeypatch, (2, 3, 1, 4, 9), budget=12)
    for target in (10.0, 20.5, 30.0):
        environment.collect(Recorder(), target)
    checkpoints.write(tmp_path, {}, environment.state())
    read = checkpoints.read(tmp_path)
    assert read is not None
    again, _ = game(monkeypatch, (2, 3, 1, 4, 9), budget=12)
    again.restore(read[1])
    assert (again.taken, again.exhausted) == (environment.taken, True) == (12, True)
    assert [each.target for each in again.rounds] == [10.0, 20.5, 30.0]
    assert [each.returns.tolist() for each in again.rounds] == [[3, 6], [1, 10], []]
    before, after = environment.collected(), again.collected()
    assert before is not None
    assert after is not None
    for name in (*COLUMNS, "episode_starts"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_a_restored_environment_goes_on_with_the_next_episodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment, envs = game(monkeypatch, (2,))
    environment.collect(Recorder(), 1.0)
    again, new_envs = game(monkeypatch, (2,))
    again.restore(environment.state())
    environment.collect(Recorder(), 1.0)
    again.collect(Recorder(), 1.0)
    assert new_envs.seeds == envs.seeds[2:]


def test_before_the_first_round_nothing_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    environment, envs = game(monkeypatch, (2,))
    assert environment.collected() is None
    again, _ = game(monkeypatch, (2,))
    again.restore(environment.state())
    assert again.rounds == []
    environment.close()
    assert envs.closed


def test_collections_are_joined_in_order() -> None:
    def with_final(data: Trajectories) -> Trajectories:
        return replace(data, final_observations=np.zeros((data.episodes, 1), np.float32))

    both = joined([with_final(numbered((2, 1))), with_final(numbered((3,)))])
    assert both is not None
    np.testing.assert_array_equal(both.episode_starts, [0, 2, 3, 6])
    np.testing.assert_array_equal(both.actions[:, 0], [0, 1, 2, 0, 1, 2])
    assert joined([]) is None


def test_an_action_that_is_not_finite_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    environment, _ = game(monkeypatch, (2,))
    with pytest.raises(BadMethod, match="method mine: act returned a value that is not a finite"):
        environment.collect(Recorder(action=float("nan")), 1.0)


def test_without_a_budget_or_from_frames_there_is_no_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match="a budget of at least one step"):
        game(monkeypatch, (2,), budget=0)
    with pytest.raises(ValueError, match=r"these observations are stacks of \d frames"):
        game(monkeypatch, (2,), like=game_frames())


def test_a_real_environment_of_discrete_actions() -> None:
    """Gamble ends after one step, or two: its returns are those of its rules."""
    task = task_by_name("gamble-random")
    size = 4

    class First(Recorder):
        def act(self, observations: np.ndarray, rewards: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            return np.zeros(len(observations), np.int64)

    like = numbered((1,))
    like = replace(like, actions=np.zeros(1, np.int64), action_high=2.0)
    environment = Environment(task, like, budget=size, seed=0, method="mine", num_envs=size)
    data = environment.collect(First(), 3.0).episodes
    environment.close()
    assert data is not None
    assert data.actions.dtype == np.int64
    np.testing.assert_array_equal(data.returns, np.full(size, 3.0))  # the safe arm
