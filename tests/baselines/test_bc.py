"""baselines/*.py, each against an oracle of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from scipy.stats import kstest

from baselines import _template, bc, behaviour, cql, percent_bc, uniform
from bench.datasets.trajectories import F32, Trajectories
from bench.methods.networks import arrays_of
from bench.runs.rollout import evaluate
from bench.tasks.registry import task_by_name
from tests.helpers.dt import ACT, OBS, make_context, make_data, numbered

SMALL_BC = bc.Config(width=16, batch_size=8, warmup_steps=1, learning_rate=1e-3)
SMALL_CQL = cql.Config(layers=2, width=16, batch_size=32)
NO_REWARD = np.zeros(5, dtype=np.float32)


def observations(count: int = 5) -> F32:
    return np.random.default_rng(1).normal(2, 3, (count, OBS)).astype(np.float32)


# --- bc -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_bc_is_this_forward_pass(layers: int) -> None:
    """`layers` hidden layers with ReLU, tanh at the end, standardised input, no dropout acting."""
    data = make_data()
    policy = bc.train(data, replace(SMALL_BC, layers=layers), make_context())
    arrays = arrays_of(policy.network, "")
    weights = [arrays[name] for name in arrays if name.endswith("weight")]
    biases = [arrays[name] for name in arrays if name.endswith("bias")]
    assert [weight.shape for weight in weights] == [
        (16, OBS),
        *[(16, 16)] * (layers - 1),
        (ACT, 16),
    ]
    mean, std = data.observations.mean(axis=0), data.observations.std(axis=0)
    hidden = (observations() - mean) / (std + 1e-6)
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    expected = np.tanh(hidden @ weights[-1].T + biases[-1])
    np.testing.assert_allclose(policy.act(observations(), NO_REWARD), expected, atol=1e-5)


def test_bc_learns_the_datas_actions() -> None:
    context = make_context(steps=400)
    bc.train(make_data(), replace(SMALL_BC, dropout=0.0), context)
    assert context.losses[-1]["loss"] < 0.5 * context.losses[0]["loss"]


def test_bc_trains_on_every_step_equally_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on the last step of an episode, which has no next state; observations standardised."""
    data, seen = numbered((1, 2, 4)), []  # observations 0 to 6: mean 3, variance 4
    forward = torch.nn.Sequential.forward
    monkeypatch.setattr(
        torch.nn.Sequential, "forward", lambda self, x: (seen.append(x), forward(self, x))[1]
    )
    bc.train(data, replace(SMALL_BC, batch_size=70), make_context(steps=10))
    values, counts = np.unique(np.concatenate(seen), return_counts=True)
    np.testing.assert_allclose(values, [-1.5, -1, -0.5, 0, 0.5, 1, 1.5], atol=1e-5)
    assert np.abs(counts - 100).max() < 40  # 4 standard deviations


@pytest.mark.parametrize("layers", range(1, 7))
def test_bc_of_any_depth_is_read_back(layers: int, tmp_path: Path) -> None:
    policy = bc.train(make_data(), replace(SMALL_BC, layers=layers), make_context(steps=1))
    policy.save(tmp_path / "policy")
    loaded = bc.load(tmp_path / "policy", "cpu")
    expected = policy.act(observations(), NO_REWARD)
    np.testing.assert_array_equal(loaded.act(observations(), NO_REWARD), expected)


# --- percent_bc -----------------------------------------------------------------------------------

# Episodes of 2, 5, 3 and 10 steps, returns 8, 10, -3 and 9; all their steps are 20. Discounted with
# 0.99, or per step, they would rank otherwise.
LENGTHS = (2, 5, 3, 10)
RETURNS = (8, 10, -3, 9)


def ranked() -> Trajectories:
    rewards: list[float] = []
    for length, total in zip(LENGTHS, RETURNS, strict=True):
        rewards += [0.0] * (length - 1) + [total]
    return numbered(LENGTHS, rewards)


@pytest.mark.parametrize(
    ("percent", "kept"),
    [
        (1, [1]),  # at least one episode
        (24.9, [1]),
        (25, [1]),  # the 5 steps of episode 1 fit exactly
        (74.9, [1]),  # the next best, episode 3, does not fit: stop there, do not look further
        (75, [1, 3]),
        (84.9, [1, 3]),
        (85, [0, 1, 3]),
        (99.9, [0, 1, 3]),
        (100, [0, 1, 2, 3]),
    ],
)
def test_percent_bc_trains_on_the_best_share_of_the_steps(
    percent: float, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Trajectories, bc.Config]] = []
    monkeypatch.setattr(bc, "train", lambda data, config, context: seen.append((data, config)))
    config = percent_bc.Config(top_percent=percent, width=7, layers=2)
    percent_bc.train(ranked(), config, make_context())
    [(data, given)] = seen
    expected = [row for row in ranked().actions.tolist() if row[1] in kept]
    assert data.actions.tolist() == expected
    assert data.lengths.tolist() == [LENGTHS[episode] for episode in kept]
    assert given is config
    np.testing.assert_array_equal(data.observation_mean, ranked().observation_mean)
    np.testing.assert_array_equal(data.observation_std, ranked().observation_std)


def test_percent_bc_of_everything_is_bc() -> None:
    fields: dict[str, Any] = {"width": 16, "batch_size": 8}
    everything = percent_bc.train(
        make_data(), percent_bc.Config(top_percent=100, **fields), make_context()
    )
    plain = bc.train(make_data(), bc.Config(**fields), make_context())
    first, second = arrays_of(everything.network, ""), arrays_of(plain.network, "")
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("percent", [0, -5, 100.5])
def test_percent_bc_refuses_other_shares(percent: float) -> None:
    with pytest.raises(ValueError, match=f"top_percent must be above 0 .*, not {percent}"):
        percent_bc.Config(top_percent=percent)


# --- cql ----------------------------------------------------------------------------------------


def spy_on_updates(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that fills with d3rlpy's mini-batches; nothing is learned."""
    batches: list[Any] = []

    def update(self: Any, batch: Any) -> dict[str, float]:
        batches.append(batch)
        return {"critic_loss": 0.0}

    monkeypatch.setattr(d3rlpy.algos.CQL, "update", update)
    return batches


def test_cql_learns_from_true_transitions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Episodes end in turn with a terminal and with a time-out. No transition reaches across an end
    that is looked at: what a time-out cuts is never drawn, a terminal has no future.
    """
    data = make_data((5, 1, 1, 7, 3, 4))
    batches = spy_on_updates(monkeypatch)
    cql.train(data, SMALL_CQL, make_context(steps=40))
    standard = (data.observations - data.observation_mean) / (data.observation_std + 1e-3)
    row_of = {tuple(action): row for row, action in enumerate(data.actions.tolist())}
    assert len(row_of) == data.steps
    drawn = set()
    for batch in batches:
        rows = np.array([row_of[tuple(action)] for action in batch.actions.tolist()])
        drawn |= set(rows.tolist())
        assert batch.observations.shape == (32, OBS)
        np.testing.assert_allclose(batch.observations, standard[rows], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(batch.rewards[:, 0], data.rewards[rows])
        np.testing.assert_array_equal(batch.terminals[:, 0], data.terminals[rows])
        goes_on = batch.terminals[:, 0] == 0
        following = standard[rows[goes_on] + 1]
        np.testing.assert_allclose(
            batch.next_observations[goes_on], following, rtol=1e-5, atol=1e-6
        )
        assert (batch.intervals == 1).all()
    assert drawn == set(np.flatnonzero(~data.timeouts).tolist())


def test_cql_sees_the_sparse_rewards(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_data()
    batches = spy_on_updates(monkeypatch)
    cql.train(data.sparse(), SMALL_CQL, make_context(steps=20))
    ended = {float(r) for batch in batches for r in batch.rewards[batch.terminals == 1]}
    before = {float(r) for batch in batches for r in batch.rewards[batch.terminals == 0]}
    assert before == {0.0}
    assert ended == set(data.returns[[0, 2]].tolist())  # 1 and 3 end with a time-out


@pytest.mark.parametrize("layers", range(1, 7))
def test_cqls_actor_is_d3rlpys_policy(
    layers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    algorithms: list[Any] = []
    create = cql._create
    monkeypatch.setattr(
        cql, "_create", lambda *a: (algorithms.append(create(*a)), algorithms[0])[1]
    )
    data = make_data()
    policy = cql.train(data, replace(SMALL_CQL, layers=layers), make_context(steps=3))
    standard = (observations() - data.observation_mean) / (data.observation_std + 1e-3)
    expected = algorithms[0].predict(standard.astype(np.float32))
    found = policy.act(observations(), NO_REWARD)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert np.abs(expected).max() > 1e-3

    policy.save(tmp_path / "policy")
    loaded = cql.load(tmp_path / "policy", "cpu")
    np.testing.assert_array_equal(loaded.act(observations(), NO_REWARD), found)


def test_cqls_options_reach_d3rlpy() -> None:
    with torch.random.fork_rng(devices=[]):
        algorithm = cql._create(
            cql.Config(
                layers=2,
                width=9,
                batch_size=4,
                actor_learning_rate=1e-1,
                critic_learning_rate=2e-1,
                temperature_learning_rate=3e-1,
                conservative_weight=4.0,
                action_samples=6,
                discount=0.7,
                target_rate=0.8,
            ),
            OBS,
            ACT,
            "cpu",
        )
    config = algorithm.config
    assert (config.actor_learning_rate, config.critic_learning_rate) == (0.1, 0.2)
    assert (config.temp_learning_rate, config.alpha_learning_rate) == (0.3, 0.0)
    assert (config.conservative_weight, config.n_action_samples) == (4.0, 6)
    assert (config.gamma, config.tau, config.batch_size) == (0.7, 0.8, 4)
    assert config.actor_encoder_factory.hidden_units == [9, 9]
    assert config.critic_encoder_factory.hidden_units == [9, 9]


def test_everything_that_cql_changes_is_in_its_checkpoint() -> None:
    """Two critics, their targets, the actor, both temperatures; an optimiser for all but targets."""
    with torch.random.fork_rng(devices=[]):
        algorithm = cql._create(replace(SMALL_CQL, alpha_learning_rate=1e-3), OBS, ACT, "cpu")
    modules, optimisers = cql._parts(algorithm)
    assert set(modules) == {"policy", "q_funcs", "targ_q_funcs", "log_temp", "log_alpha"}
    assert set(optimisers) == {"actor_optim", "critic_optim", "temp_optim", "alpha_optim"}
    optimised = {
        parameter
        for optimiser in optimisers.values()
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    learned = {p for name, m in modules.items() if name != "targ_q_funcs" for p in m.parameters()}
    assert optimised == learned


# --- uniform ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-0.4, 0.4)], ids=["usual", "narrow"])
def test_uniform_covers_the_whole_range_evenly(low: float, high: float) -> None:
    data = replace(make_data(), action_low=low, action_high=high)
    policy = uniform.train(data, uniform.Config(), make_context())
    policy.reset(np.arange(20), np.zeros(20, np.float32))
    actions = np.stack([policy.act(np.zeros((20, OBS)), np.zeros(20)) for _ in range(100)])
    assert actions.shape == (100, 20, ACT)
    assert actions.min() >= low
    assert actions.max() <= high
    width, count = high - low, actions.size
    assert abs(actions.mean()) < 4 * width / math.sqrt(12 * count)
    assert actions.min() < low + 0.01 * width
    assert actions.max() > high - 0.01 * width
    assert kstest(actions.ravel(), "uniform", args=(low, width)).pvalue > 0.01
    assert abs(np.corrcoef(actions[..., 0].ravel(), actions[..., 1].ravel())[0, 1]) < 0.1


def test_uniform_draws_from_the_envs_seed() -> None:
    policy = uniform.train(make_data(), uniform.Config(), make_context())
    policy.reset(np.array([4, 5, 4]), np.zeros(3, np.float32))
    first, second, third = policy.act(np.zeros((3, OBS)), np.zeros(3))
    assert first.tolist() == third.tolist() != second.tolist()


# --- behaviour ----------------------------------------------------------------------------------


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


# --- _template ----------------------------------------------------------------------------------


def test_template_is_ridge_regression() -> None:
    data = make_data()
    policy = _template.train(data, _template.Config(ridge=2.0), make_context())
    x = np.column_stack([data.observations, np.ones(data.steps)]).astype(np.float64)
    stacked = np.vstack([x, np.sqrt(2.0) * np.eye(OBS + 1)])
    wanted = np.vstack([data.actions, np.zeros((OBS + 1, ACT))])
    coefficients = np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    x_new = np.column_stack([observations(), np.ones(5)])
    expected = np.clip(x_new @ coefficients, -1, 1)
    np.testing.assert_allclose(policy.act(observations(), NO_REWARD), expected, atol=1e-5)


def test_cql_sees_nothing_after_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = spy_on_updates(monkeypatch)
    cql.train(make_data(), SMALL_CQL, make_context(steps=20))
    ended = [batch.terminals[:, 0] == 1 for batch in batches]
    assert any(rows.any() for rows in ended)
    for batch, rows in zip(batches, ended, strict=True):
        assert not batch.next_observations[rows].any()
        assert batch.next_observations[~rows].any(axis=1).all()


def test_cql_without_any_transition_says_so() -> None:
    data = make_data(lengths=(1, 1))
    cut = replace(data, terminals=~data.timeouts & False, timeouts=data.timeouts | True)
    with pytest.raises(ValueError, match="CQL has no transition"):
        cql.train(cut, SMALL_CQL, make_context(steps=1))
