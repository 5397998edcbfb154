"""BC on the latest few states."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from baselines import bc, percent_bc
from bench.datasets.trajectories import F32, Trajectories
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.methods.policy_file import read_tensors, write_tensors
from tests.helpers.dt import ACT, OBS, captured_loss, make_context, make_data, numbered, saved_bytes

SMALL = bc.Config(width=16, batch_size=8, warmup_steps=1, learning_rate=1e-3, history=3)
NUM_ENVS = 3
NO_REWARD = np.zeros(NUM_ENVS, dtype=np.float32)


def train(steps: int = 20, data: Trajectories | None = None, **options: Any) -> bc.MlpPolicy:
    return bc.train(data or make_data(), replace(SMALL, **options), make_context(steps=steps))


def start(policy: bc.MlpPolicy, num_envs: int = NUM_ENVS) -> None:
    policy.reset(np.arange(num_envs), np.zeros(num_envs, dtype=np.float32))


def shown(steps: int = 6, seed: int = 0) -> list[F32]:
    """Return the observations (NUM_ENVS, obs) of a few steps."""
    generator = np.random.default_rng(seed)
    return [generator.normal(2, 3, (NUM_ENVS, OBS)).astype(np.float32) for _ in range(steps)]


def play(policy: bc.MlpPolicy, steps: list[F32]) -> Any:
    return np.stack([policy.act(observations, NO_REWARD) for observations in steps])


def inputs_of(network: torch.nn.Module) -> list[torch.Tensor]:
    """Return a list that fills with what the network is given."""
    seen: list[torch.Tensor] = []
    network.register_forward_pre_hook(lambda module, given: seen.append(given[0].clone()))
    return seen


# --- training -----------------------------------------------------------------------------------


def test_inputs_by_hand() -> None:
    """Observations 1 to 8, mean 4.5, in episodes of 1, 2 and 5 steps; a deviation of 1 for ease.
    Before an episode's first step is zero, not what the episode before it ended with.
    """
    data = numbered((1, 2, 5))
    ones = np.ones(1, dtype=np.float32)
    data = replace(data, observations=data.observations + 1, observation_mean=4.5 * ones)
    data = replace(data, observation_std=ones)
    expected = [
        [0, 0, -3.5],
        [0, 0, -2.5],
        [0, -2.5, -1.5],
        [0, 0, -0.5],
        [0, -0.5, 0.5],
        [-0.5, 0.5, 1.5],
        [0.5, 1.5, 2.5],
        [1.5, 2.5, 3.5],
    ]
    found = bc._inputs(data, 3, "cpu")(np.arange(8))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    history=st.integers(1, 9),
)
def test_inputs_equal_a_loops(lengths: list[int], history: int) -> None:
    data = make_data(tuple(lengths))
    standard = (data.observations - data.observation_mean) / (data.observation_std + 1e-6)
    found = bc._inputs(data, history, "cpu")(np.arange(data.steps))
    assert found.shape == (data.steps, history * OBS)
    for begin, end in pairwise(data.episode_starts.tolist()):
        for row in range(begin, end):
            for place in range(history):
                then = row - (history - 1 - place)
                expected = standard[then] if then >= begin else np.zeros(OBS)
                part = found[row, place * OBS : (place + 1) * OBS]
                np.testing.assert_allclose(part, expected, rtol=1e-5, atol=1e-6)


def test_the_loss_is_of_the_action_of_the_latest_state(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data()
    config = replace(SMALL, dropout=0.0)
    loss_of_batch, network, _ = captured_loss(bc, data, config, monkeypatch)
    rows = np.random.default_rng(5).integers(data.steps, size=8)
    with torch.no_grad():
        acted = network(bc._inputs(data, 3, "cpu")(rows)).numpy()
    expected = np.mean((acted - data.actions[rows]) ** 2)
    assert loss_of_batch(np.random.default_rng(5)).item() == pytest.approx(expected, rel=1e-5)


def test_a_history_of_one_is_the_current_state() -> None:
    """In training and in acting, also for a policy that was never reset."""
    data = make_data()
    standard = (data.observations - data.observation_mean) / (data.observation_std + 1e-6)
    rows = np.array([0, 4, 4, 11])
    found = bc._inputs(data, 1, "cpu")(rows)
    np.testing.assert_allclose(found, standard[rows], rtol=1e-5, atol=1e-6)
    policy = train(history=1)
    never_reset = play(policy, shown())
    start(policy)
    np.testing.assert_array_equal(play(policy, shown()[::-1])[::-1], never_reset)


def test_an_action_that_depends_on_the_past_is_learned_from_it() -> None:
    """The action repeats the observation before last, which the current one says nothing about."""
    generator = np.random.default_rng(0)
    data = make_data((40,) * 10)
    observations = generator.normal(size=data.observations.shape).astype(np.float32)
    actions = np.tanh(np.roll(observations[:, :ACT], 2, axis=0))
    data = replace(data, observations=observations, actions=actions)
    losses = {}
    for history in (1, 3):
        config = replace(SMALL, history=history, dropout=0.0, width=64, batch_size=64)
        context = make_context(steps=400)
        bc.train(data, config, context)
        losses[history] = context.losses[-1]["loss"]
    assert losses[3] < 0.5 * losses[1]


# --- acting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("episode", range(4))
def test_acting_through_an_episode_of_the_data_gives_the_training_inputs(episode: int) -> None:
    data = make_data()
    policy = train(steps=1, data=data)
    seen = inputs_of(policy.network)
    start(policy, num_envs=1)
    rows = np.arange(data.episode_starts[episode], data.episode_starts[episode + 1])
    for row in rows:
        policy.act(data.observations[[row]], NO_REWARD[:1])
    expected = bc._inputs(data, 3, "cpu")(rows)
    torch.testing.assert_close(torch.cat(seen), expected, rtol=0, atol=0)


def test_reset_forgets() -> None:
    policy = train()
    start(policy)
    first = play(policy, shown())
    start(policy)
    play(policy, shown(2, seed=1))  # another episode, left in the middle
    start(policy)
    again = play(policy, shown())
    np.testing.assert_array_equal(again, first)
    start(policy)
    play(policy, shown(2, seed=1))
    assert np.abs(play(policy, shown())[0] - first[0]).max() > 1e-3, "it has nothing to forget"


def test_an_env_does_not_depend_on_the_others() -> None:
    policy, steps, others = train(), shown(), shown(seed=1)
    start(policy)
    together = play(policy, steps)[:, 1]
    for mine, other in zip(steps, others, strict=True):
        other[1] = mine[1]
    start(policy)
    np.testing.assert_array_equal(play(policy, others)[:, 1], together)


def test_alone_and_in_a_batch_it_acts_alike() -> None:
    """But for the last bits, which depend on the size of the batch."""
    policy, steps = train(), shown()
    start(policy)
    together = play(policy, steps)
    for env in range(NUM_ENVS):
        start(policy, num_envs=1)
        alone = [policy.act(seen[[env]], NO_REWARD[:1])[0] for seen in steps]
        np.testing.assert_allclose(alone, together[:, env], rtol=0, atol=1e-6)


def test_what_it_is_shown_is_left_alone() -> None:
    policy, steps = train(), shown()
    before = [observations.copy() for observations in steps]
    start(policy)
    play(policy, steps)
    for observations, copy in zip(steps, before, strict=True):
        np.testing.assert_array_equal(observations, copy)


# --- files and options ----------------------------------------------------------------------------


@pytest.mark.parametrize("history", [1, 2, 5])
def test_saved_and_loaded_it_acts_the_same(history: int, tmp_path: Path) -> None:
    policy = train(history=history)
    assert policy.network[0].in_features == history * OBS
    before = saved_bytes(policy, tmp_path / "first")
    loaded = bc.load(tmp_path / "first" / "policy.safetensors", "cpu")
    assert loaded.config == replace(SMALL, history=history)
    acted = []
    for one in (policy, loaded):
        start(one)
        acted.append(play(one, shown()))
    np.testing.assert_array_equal(acted[0], acted[1])
    assert saved_bytes(loaded, tmp_path / "second") == before


def test_a_file_from_before_this_option_is_read(tmp_path: Path) -> None:
    policy = train(history=1)
    saved_bytes(policy, tmp_path)
    tensors, about = read_tensors(tmp_path / "policy.safetensors", method="bc")
    del about["config"]["history"]
    write_tensors(tmp_path / "old", tensors, **about)
    loaded = bc.load(tmp_path / "old", "cpu")
    np.testing.assert_array_equal(play(loaded, shown()), play(policy, shown()))


@pytest.mark.parametrize(
    ("train_it", "config"),
    [
        (bc.train, SMALL),
        (percent_bc.train, percent_bc.Config(width=16, batch_size=8, history=3)),
    ],
    ids=["bc", "percent_bc"],
)
def test_both_take_a_history(train_it: Callable[..., bc.MlpPolicy], config: Any) -> None:
    policy = train_it(make_data(), config, make_context(steps=5))
    assert policy.network[0].in_features == 3 * OBS
    start(policy)
    assert play(policy, shown()).shape == (6, NUM_ENVS, ACT)


@pytest.mark.parametrize("method", ["bc", "percent_bc"])
def test_no_history_at_all_is_refused(method: str) -> None:
    with pytest.raises(BadMethod, match=f"method {method}: history must be at least 1, not 0"):
        load_method(method).configure({"history": 0})
