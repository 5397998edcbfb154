"""Every method that takes stacks of frames: the contract's essentials; the controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers_atari import CHOICES, SIDE, STACK, make_frames, shown
from helpers_discrete import play
from helpers_dt import make_context, saved_bytes
from test_contract import global_random_state_untouched

from baselines import behaviour
from bench.core.files import DamagedFile
from bench.datasets import storage
from bench.datasets.trajectories import ARRAYS, Trajectories
from bench.methods.contract import check_actions
from bench.methods.loader import load_method
from bench.methods.policy_file import write_tensors

SIZES = {"context_length": 4, "layers": 2, "heads": 2, "width": 16, "batch_size": 4}
OPTIONS: dict[str, dict[str, Any]] = {
    "dt_atari": SIZES,
    "dt_atari without returns": SIZES | {"returns": False, "top_percent": 60},
    "cql": {"batch_size": 4, "features": 16, "quantiles": 3, "epsilon": 0.3},
    "uniform": {},
    "behaviour": {},
}
every_method = pytest.mark.parametrize("name", OPTIONS)
TRAINED: dict[str, Any] = {}


def train(name: str, data: Trajectories, **fields: Any) -> Any:
    method = load_method(name.split()[0])
    context = make_context(**({"steps": 5} | fields))
    return method.train(data, method.configure(OPTIONS[name]), context)


@pytest.fixture
def policy(name: str) -> Any:
    if name not in TRAINED:
        TRAINED[name] = train(name, make_frames())
    return TRAINED[name]


@every_method
def test_actions_are_whole_numbers_an_environment_can_take(name: str, policy: Any) -> None:
    steps = shown(6)
    before = [(observations.copy(), rewards.copy()) for observations, rewards in steps]
    actions = play(policy, steps)
    assert (actions.shape, actions.dtype) == ((6, 3), np.int64)
    for row in actions:
        np.testing.assert_array_equal(check_actions(row, (3,), name, n_actions=CHOICES), row)
    for mine, given in zip(steps, before, strict=True):
        np.testing.assert_array_equal(mine[0], given[0])
        np.testing.assert_array_equal(mine[1], given[1])


@every_method
def test_reset_forgets_and_takes_any_number_of_lanes(name: str, policy: Any) -> None:
    first = play(policy, shown(6))
    play(policy, shown(3, num_envs=5, seed=1), seeds=(1, 2, 3, 4, 5))
    np.testing.assert_array_equal(play(policy, shown(6)), first)


@every_method
def test_a_lane_does_not_depend_on_its_neighbours(name: str, policy: Any) -> None:
    steps, others = shown(6), shown(6, seed=1)
    together = play(policy, steps)[:, 1]
    for mine, other in zip(steps, others, strict=True):
        for part in (0, 1):
            other[part][1] = mine[part][1]
    np.testing.assert_array_equal(play(policy, others, seeds=(8, 6, 9))[:, 1], together)


@every_method
def test_saved_and_loaded_it_acts_the_same(name: str, policy: Any, tmp_path: Path) -> None:
    saved = saved_bytes(policy, tmp_path / "first")
    loaded = load_method(name.split()[0]).load(tmp_path / "first" / "policy.safetensors", "cpu")
    np.testing.assert_array_equal(play(loaded, shown(6)), play(policy, shown(6)))
    assert saved_bytes(loaded, tmp_path / "second") == saved


@every_method
def test_an_unusable_file_is_refused_by_name(name: str, policy: Any, tmp_path: Path) -> None:
    load, whole = load_method(name.split()[0]).load, saved_bytes(policy, tmp_path)
    (tmp_path / "cut").write_bytes(whole[:-5])
    with pytest.raises(DamagedFile, match=r"policy .*cut is damaged"):
        load(tmp_path / "cut", "cpu")
    write_tensors(tmp_path / "other", {"weights": np.zeros(3)}, method="another")
    with pytest.raises(DamagedFile, match="other was written by method 'another'"):
        load(tmp_path / "other", "cpu")


@every_method
def test_from_files_it_learns_the_same_and_leaves_them_alone(
    name: str, policy: Any, tmp_path: Path
) -> None:
    """Whatever torch's generator drew before; of frames that lie elsewhere, too."""
    data = make_frames()
    storage.save(data, tmp_path / "data", {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        again = train(name, storage.load(tmp_path / "data"))
    assert saved_bytes(again, tmp_path / "again") == saved_bytes(policy, tmp_path / "first")
    for array in ARRAYS:
        read = getattr(storage.load(tmp_path / "data"), array)
        np.testing.assert_array_equal(read, getattr(data, array))
    moved = make_frames((2, *data.lengths)).select(np.arange(1, 5))
    assert moved.rows is not None
    moved.observations[moved.rows] = data.observations
    for array in (*ARRAYS[1:], "final_observations"):
        getattr(moved, array)[:] = getattr(data, array)
    cut = train(name, moved)
    assert saved_bytes(cut, tmp_path / "cut") == saved_bytes(policy, tmp_path / "first")


@every_method
def test_global_random_state_is_left_alone(name: str, tmp_path: Path) -> None:
    with global_random_state_untouched():
        policy = train(name, make_frames(), steps=1)
        play(policy, shown(2))
        saved_bytes(policy, tmp_path)
        load_method(name.split()[0]).load(tmp_path / "policy.safetensors", "cpu")


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
