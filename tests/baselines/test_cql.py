"""CQL with continuous actions: what d3rlpy is given, what acts, what a checkpoint holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch

from baselines import _actor, cql
from baselines._actor import parts_of
from bench.methods.context import SNAPSHOTS
from bench.methods.training import Update, fit
from tests.helpers.dt import ACT, OBS, make_context, make_data, saved_bytes
from tests.helpers.vectors import NO_REWARD, observations

SMALL_CQL = cql.Config(layers=2, width=16, batch_size=32)


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
    """All of them, though two of four episodes end with a time-out."""
    data = make_data()
    batches = spy_on_updates(monkeypatch)
    cql.train(data.sparse(), SMALL_CQL, make_context(steps=20))
    ended = {float(r) for batch in batches for r in batch.rewards[batch.terminals == 1]}
    before = {float(r) for batch in batches for r in batch.rewards[batch.terminals == 0]}
    assert before == {0.0}
    assert ended == set(data.returns.tolist())


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
    modules, optimisers = parts_of(algorithm)
    assert set(modules) == {"policy", "q_funcs", "targ_q_funcs", "log_temp", "log_alpha"}
    assert set(optimisers) == {"actor_optim", "critic_optim", "temp_optim", "alpha_optim"}
    optimised = {
        parameter
        for optimiser in optimisers.values()
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    learned = {p for name, m in modules.items() if name != "targ_q_funcs" for p in m.parameters()}
    # an optimiser has all weights of its network in one array
    assert {p.untyped_storage().data_ptr() for p in optimised} == {
        p.untyped_storage().data_ptr() for p in learned
    }
    assert sum(p.numel() for p in optimised) == sum(p.numel() for p in learned)


def test_cql_refuses_another_range_of_actions() -> None:
    data = replace(make_data(), action_low=-2.0, action_high=2.0)
    with pytest.raises(ValueError, match="actions from -1 to 1, and these go from -2 to 2: scale"):
        cql.train(data, SMALL_CQL, make_context(steps=1))


def test_the_average_of_the_actors_weights_acts(tmp_path: Path) -> None:
    """Snapshots of a run without average are the weights after each update; the average is computed from them."""
    config = replace(SMALL_CQL, actor_learning_rate=1e-2)
    context = make_context(steps=6, folder=tmp_path, snapshot_steps=tuple(range(7)))
    cql.train(make_data(), config, context)
    paths = sorted((tmp_path / SNAPSHOTS).glob("*.safetensors"))
    weights = [list(cql.load(path, "cpu").actor.parameters()) for path in paths]
    assert len(weights) == 7
    average = weights[0]
    for step, current in enumerate(weights[1:], 1):
        decay = min(0.3, step / (step + 10))
        average = [decay * a + (1 - decay) * w for a, w in zip(average, current, strict=True)]
    policy = cql.train(make_data(), replace(config, average_decay=0.3), make_context(steps=6))
    for found, expected, last in zip(policy.actor.parameters(), average, weights[-1], strict=True):
        torch.testing.assert_close(found, expected)
        assert not torch.allclose(found, last, atol=1e-5)


@pytest.mark.parametrize("stop", [3, 8])
def test_a_stopped_run_goes_on_with_the_same_numbers(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With averaged weights and a falling rate: weights, optimisers, draws and losses."""
    config = replace(SMALL_CQL, average_decay=0.9, schedule="cosine", actor_learning_rate=1e-2)

    def stopping(update: Update, *rest: Any) -> None:
        def stopped(step: int, generator: np.random.Generator) -> torch.Tensor:
            if step == stop:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(stopped, *rest)

    def train(name: str) -> tuple[bytes, list[dict[str, float]]]:
        context = make_context(steps=14, folder=tmp_path / name, save_every=0.0)
        policy = cql.train(make_data(), config, context)
        return saved_bytes(policy, tmp_path / name), context.losses

    whole = train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(_actor, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    assert train("cut") == whole


def test_with_a_falling_rate_the_last_update_is_small(tmp_path: Path) -> None:
    """Adam moves a weight by at most about the rate, which at the last of 30 updates is 0.0027 of the first."""
    config = replace(SMALL_CQL, actor_learning_rate=1e-2, schedule="cosine")
    context = make_context(steps=30, folder=tmp_path, snapshot_steps=(1, 29, 30))
    cql.train(make_data(), config, context)
    paths = sorted((tmp_path / SNAPSHOTS).glob("*.safetensors"))
    weights = [list(cql.load(path, "cpu").actor.parameters()) for path in paths]
    moved = [
        max(
            float((after - before).detach().abs().max())
            for before, after in zip(*pair, strict=True)
        )
        for pair in ((weights[0], weights[1]), (weights[2], weights[3]))
    ]
    assert moved[0] == pytest.approx(1e-2, rel=0.01)
    assert 0 < moved[1] < 1e-4


def test_cql_sees_nothing_after_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    batches = spy_on_updates(monkeypatch)
    cql.train(make_data(), SMALL_CQL, make_context(steps=20))
    ended = [batch.terminals[:, 0] == 1 for batch in batches]
    assert any(rows.any() for rows in ended)
    for batch, rows in zip(batches, ended, strict=True):
        assert not batch.next_observations[rows].any()
        assert batch.next_observations[~rows].any(axis=1).all()


def test_episodes_of_one_step_that_the_time_limit_cuts_are_learned_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is an episode's last, with its whole reward."""
    data = make_data(lengths=(1, 1))
    cut = replace(data, terminals=data.terminals & False, timeouts=data.timeouts | True)
    batches = spy_on_updates(monkeypatch)
    cql.train(cut, SMALL_CQL, make_context(steps=5))
    assert all((batch.terminals == 1).all() for batch in batches)
