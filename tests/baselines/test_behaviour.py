"""The episodes of the data as a policy: its scores and its actions."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from baselines import behaviour
from bench.runs.rollout import evaluate
from bench.tasks.registry import task_by_name
from tests.helpers.atari import SIDE, STACK, make_frames
from tests.helpers.discrete import make_choices, play, shown
from tests.helpers.dt import OBS, episode_slices, make_context, make_data


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "sparse"])
def test_behaviours_score_is_the_datas(sparse: bool, tmp_path: Path) -> None:
    data = make_data()
    data = replace(data, rewards=data.rewards * np.float32(123.4))
    policy = behaviour.train(data.sparse() if sparse else data, behaviour.Config(), make_context())
    policy.save(tmp_path / "policy")
    loaded = behaviour.load(tmp_path / "policy", "cpu")
    expected = [
        math.fsum(data.rewards[start:stop].tolist())
        for start, stop in zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    ]
    [outcome] = evaluate(
        loaded,
        task_by_name("hopper-medium"),
        method="behaviour",
        episodes=2,
        targets=[3600.0],
        num_envs=2,
    )
    assert outcome.returns == pytest.approx(expected, rel=1e-6)
    assert outcome.lengths == [5, 9, 3, 7]


def test_behaviour_repeats_recorded_episodes() -> None:
    data = make_data((2, 3))
    policy = behaviour.train(data, behaviour.Config(), make_context())
    policy.reset(np.arange(8), np.zeros(8, np.float32))
    acted = np.stack([policy.act(np.zeros((8, OBS)), np.zeros(8)) for _ in range(4)], axis=1)
    short, long = data.actions[[0, 1, 1, 1]].tolist(), data.actions[[2, 3, 4, 4]].tolist()
    assert {str(env) for env in acted.tolist()} == {str(short), str(long)}


def test_behaviour_repeats_recorded_episodes_and_scores_all_of_them() -> None:
    data = make_choices((2, 3))
    policy = behaviour.train(data, behaviour.Config(), make_context())
    acted = play(policy, shown(4, num_envs=8), seeds=tuple(range(8))).T
    first, second = (data.actions[rows].tolist() for rows in episode_slices(data))
    assert {tuple(env) for env in acted.tolist()} == {
        (*first, first[-1], first[-1]),
        (*second, second[-1]),
    }
    returns, lengths = policy.recorded
    assert returns.tolist() == data.returns.tolist()
    assert lengths.tolist() == [2, 3]


def test_behaviour_scores_the_games_where_they_are_known() -> None:
    scores = np.array([75.0, 0.0, 1234.5, 30.0])
    for data, expected in (
        (make_frames(scores=scores), scores.tolist()),
        (make_frames(), make_frames().returns.tolist()),
    ):
        policy = behaviour.train(data, behaviour.Config(), make_context())
        assert policy.recorded[0].tolist() == expected
        assert policy.recorded[1].tolist() == data.lengths.tolist()
    stack = np.zeros((1, STACK, SIDE, SIDE), dtype=np.uint8)
    policy.reset(np.array([0]), np.zeros(1, dtype=np.float32))
    assert policy.act(stack, np.zeros(1, dtype=np.float32)).shape == (1,)
