"""IQL: what d3rlpy is given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from baselines import iql
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from tests.helpers.actor import SMALL, STEPS, largest_rates, train
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data


def created(data: Any = None, **options: Any) -> Any:
    """Return d3rlpy's algorithm with these options."""
    with torch.random.fork_rng(devices=[]):
        return iql._create(iql.Config(**options), data or make_data(), "cpu")


def test_the_options_reach_d3rlpy() -> None:
    config = created(
        layers=3,
        width=9,
        batch_size=4,
        actor_learning_rate=1e-1,
        critic_learning_rate=2e-1,
        expectile=0.9,
        inverse_temperature=7.0,
        max_weight=11.0,
        return_range=500.0,
        discount=0.7,
        target_rate=0.8,
    ).config
    assert (config.actor_learning_rate, config.critic_learning_rate) == (0.1, 0.2)
    assert (config.expectile, config.weight_temp, config.max_weight) == (0.9, 7.0, 11.0)
    assert (config.gamma, config.tau, config.batch_size) == (0.7, 0.8, 4)
    for networks in ("actor", "critic", "value"):
        assert getattr(config, f"{networks}_encoder_factory").hidden_units == [9, 9, 9]
    assert config.reward_scaler.multiplier == 500


def test_the_defaults_are_those_of_d3rlpys_reproduction() -> None:
    """github.com/takuseno/d3rlpy at d324094, reproductions/offline/iql.py"""
    config = created().config
    assert (config.actor_learning_rate, config.critic_learning_rate) == (3e-4, 3e-4)
    assert (config.expectile, config.weight_temp, config.max_weight) == (0.7, 3.0, 100.0)
    assert (config.batch_size, config.gamma, config.tau, config.n_critics) == (256, 0.99, 0.005, 2)
    assert config.actor_encoder_factory.hidden_units == [256, 256]
    assert config.reward_scaler.multiplier == 1000


def test_scaled_returns_span_the_range() -> None:
    data = make_data()
    scaler = created(data).config.reward_scaler
    scaled = scaler.transform_numpy(data.returns)
    assert np.ptp(scaled) == pytest.approx(1000)
    sparse = created(data.sparse()).config.reward_scaler
    assert sparse.transform_numpy(data.returns) == pytest.approx(scaled)


def test_a_single_episode_keeps_its_rewards() -> None:
    assert created(make_data((9,))).config.reward_scaler is None


def test_by_default_the_rate_of_the_actor_alone_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = largest_rates(train(iql, SMALL[iql], monkeypatch))
    last = 0.5 * (1 + np.cos(np.pi * (STEPS - 1) / STEPS))
    assert rates == pytest.approx({"actor_optim": 3e-4 * last, "critic_optim": 3e-4})


def test_a_larger_inverse_temperature_follows_the_better_actions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One state, two actions in equal number; only one is rewarded. The most likely action moves to it."""
    data = make_data((2,) * 40, observation_size=1, action_size=1)
    good = np.arange(data.steps) % 4 < 2
    data = replace(
        data,
        observations=np.zeros_like(data.observations),
        observation_mean=np.zeros(1, dtype=np.float32),
        observation_std=np.ones(1, dtype=np.float32),
        actions=np.where(good, 0.5, -0.5).astype(np.float32)[:, None],
        rewards=good.astype(np.float32),
    )
    acted = []
    for inverse_temperature in (0.0, 10.0):
        config = replace(
            SMALL[iql],
            inverse_temperature=inverse_temperature,
            return_range=10.0,
            actor_learning_rate=1e-2,
            critic_learning_rate=1e-2,
        )
        policy = train(iql, config, monkeypatch, data, make_context(steps=150)).policy
        acted.append(float(policy.act(np.zeros((1, 1), np.float32), np.zeros(1, np.float32))[0, 0]))
    assert abs(acted[0]) < 0.2
    assert acted[1] > 0.4


def test_discrete_actions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^iql learns continuous actions from vectors, and these"):
        iql.train(make_choices(), iql.Config(), make_context(steps=1))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("expectile", 1.0),
        ("expectile", 0.0),
        ("return_range", 0.0),
        ("layers", 0),
        ("average_decay", 1.0),
    ],
)
def test_bad_options_are_refused_by_name(option: str, value: float) -> None:
    with pytest.raises(BadMethod, match=f"method iql: {option} must .*, not {value}"):
        load_method("iql").configure({option: value})
