"""TD3+BC: what d3rlpy is given."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from baselines import td3_bc
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from tests.helpers.actor import SMALL, actor_weights, distance, train
from tests.helpers.discrete import make_choices
from tests.helpers.dt import make_context, make_data


def created(**options: Any) -> Any:
    """Return d3rlpy's algorithm with these options."""
    with torch.random.fork_rng(devices=[]):
        return td3_bc._create(td3_bc.Config(**options), make_data(), "cpu")


def test_the_options_reach_d3rlpy() -> None:
    config = created(
        layers=3,
        width=9,
        batch_size=4,
        actor_learning_rate=1e-1,
        critic_learning_rate=2e-1,
        alpha=7.0,
        actor_interval=5,
        target_noise=0.3,
        target_noise_clip=0.4,
        discount=0.7,
        target_rate=0.8,
    ).config
    assert (config.actor_learning_rate, config.critic_learning_rate) == (0.1, 0.2)
    assert (config.alpha, config.update_actor_interval) == (7.0, 5)
    assert (config.target_smoothing_sigma, config.target_smoothing_clip) == (0.3, 0.4)
    assert (config.gamma, config.tau, config.batch_size) == (0.7, 0.8, 4)
    assert config.actor_encoder_factory.hidden_units == [9, 9, 9]
    assert config.critic_encoder_factory.hidden_units == [9, 9, 9]


def test_the_defaults_are_those_of_d3rlpys_reproduction() -> None:
    """github.com/takuseno/d3rlpy at 9c6b6e9, reproductions/offline/td3_plus_bc.py"""
    config = created().config
    assert (config.actor_learning_rate, config.critic_learning_rate) == (3e-4, 3e-4)
    assert (config.batch_size, config.alpha, config.update_actor_interval) == (256, 2.5, 2)
    assert (config.target_smoothing_sigma, config.target_smoothing_clip) == (0.2, 0.5)
    assert (config.gamma, config.tau, config.n_critics) == (0.99, 0.005, 2)
    assert config.actor_encoder_factory.hidden_units == [256, 256]


def test_the_actor_learns_at_every_second_update(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = [
        actor_weights(
            train(td3_bc, SMALL[td3_bc], monkeypatch, context=make_context(steps=steps)).policy
        )
        for steps in range(4)
    ]
    moved = [distance(*pair) > 0 for pair in pairwise(weights)]
    assert moved == [False, True, False]


def test_without_the_critic_it_clones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all actions are the same one, alpha 0 learns it."""
    data = make_data()
    data = replace(data, actions=np.full_like(data.actions, 0.5))
    config = replace(SMALL[td3_bc], alpha=0.0, actor_learning_rate=1e-2)
    policy = train(td3_bc, config, monkeypatch, data, make_context(steps=300)).policy
    acted = policy.act(data.observations, data.rewards)
    np.testing.assert_allclose(acted, 0.5, atol=0.05)


def test_discrete_actions_are_refused() -> None:
    message = r"^td3_bc learns continuous actions from vectors, and these are \d+ discrete actions$"
    with pytest.raises(ValueError, match=message):
        td3_bc.train(make_choices(), td3_bc.Config(), make_context(steps=1))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("alpha", -1.0),
        ("target_noise", -0.1),
        ("target_noise_clip", -0.1),
        ("actor_interval", 0),
        ("average_decay", -0.1),
    ],
)
def test_bad_options_are_refused_by_name(option: str, value: float) -> None:
    with pytest.raises(BadMethod, match=f"method td3_bc: {option} must .*, not {value}"):
        load_method("td3_bc").configure({option: value})
