"""BC with discrete actions; how many actions a network chooses from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from baselines import bc
from bench.datasets.trajectories import Trajectories
from bench.methods.loader import load_method
from bench.methods.networks import arrays_of
from bench.methods.policy_file import read_tensors
from tests.helpers.discrete import CHOICES, make_choices, whole_episodes
from tests.helpers.dt import captured_loss, make_context, saved_bytes

SMALL = bc.Config(width=16, batch_size=8, warmup_steps=1, learning_rate=1e-2, dropout=0.0)


@pytest.mark.parametrize(
    ("name", "logits"),
    [
        ("bc", "network.9.bias"),
        ("discrete_cql", "values.6.bias"),
        ("dt", "model.predict_action.bias"),
    ],
)
def test_actions_that_the_data_lack_can_be_chosen(name: str, logits: str, tmp_path: Path) -> None:
    data = replace(make_choices(n_actions=2), action_high=4.0)
    assert data.actions.max() == 1
    method = load_method(name)
    saved_bytes(method.train(data, method.config(), make_context(steps=1)), tmp_path)
    tensors, _ = read_tensors(tmp_path / "policy.safetensors", method=name)
    assert tensors[logits].shape == (5,)


def by_hand(policy: Any, data: Trajectories, observations: Any) -> Any:
    """The logits of an MLP of standardised, flattened observations."""
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    hidden = (observations.reshape(len(observations), -1) - mean) / (std + 1e-6)
    layers = list(arrays_of(policy.network, "").values())
    for weight, bias in zip(layers[:-2:2], layers[1:-2:2], strict=True):
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    return hidden @ layers[-2].T + layers[-1]


@pytest.mark.parametrize("layers", [1, 3])
def test_bc_draws_from_this_forward_pass(layers: int) -> None:
    """Without tanh at the end; the frequencies are the softmax's, within 4 standard errors."""
    data, count = make_choices(), 4000
    for temperature in (1.0, 0.5):
        config = replace(SMALL, layers=layers, temperature=temperature)
        policy = bc.train(data, config, make_context(steps=20))
        observations = data.observations[:1]
        probability = softmax(by_hand(policy, data, observations)[0] / temperature)
        policy.reset(np.arange(count), np.zeros(count, dtype=np.float32))
        drawn = policy.act(np.tile(observations, (count, 1, 1)), np.zeros(count, np.float32))
        frequency = np.bincount(drawn, minlength=CHOICES) / count
        error = 4 * np.sqrt(probability * (1 - probability) / count)
        assert (np.abs(frequency - probability) < error).all()
        assert np.ptp(probability) > 0.1, "the choices are equally likely"


def test_bc_at_temperature_zero_takes_the_likeliest() -> None:
    data = make_choices()
    policy = bc.train(data, replace(SMALL, temperature=0.0), make_context(steps=5))
    policy.reset(np.arange(data.steps), np.zeros(data.steps, dtype=np.float32))
    actions = policy.act(data.observations, np.zeros(data.steps, dtype=np.float32))
    expected = by_hand(policy, data, data.observations).argmax(axis=1)
    np.testing.assert_array_equal(actions, expected)
    assert len(set(actions)) > 1


def test_bcs_loss_is_the_cross_entropy(monkeypatch: pytest.MonkeyPatch) -> None:
    data = make_choices()
    loss_of_batch, _, policy = captured_loss(bc, data, SMALL, monkeypatch)
    rows = np.random.default_rng(3).integers(data.steps, size=8)
    logits = by_hand(policy, data, data.observations[rows])
    expected = -log_softmax(logits, axis=1)[np.arange(8), data.actions[rows]].mean()
    assert loss_of_batch(np.random.default_rng(3)).item() == pytest.approx(expected, rel=1e-5)


def test_bc_learns_what_was_done() -> None:
    """Two of three times action 2 where the pixel is dark, action 0 where it is light."""
    random = np.random.default_rng(0)
    light = random.random(600) < 0.5
    actions = np.where(light, 0, np.where(random.random(600) < 2 / 3, 2, 1))
    pixels = np.where(light, 255, 0).astype(np.uint8)
    data = whole_episodes(
        pixels.reshape(60, 10, 1), actions.reshape(60, 10), np.zeros((60, 10)), n_actions=3
    )
    config = replace(SMALL, batch_size=256, learning_rate=3e-3)
    policy = bc.train(data, config, make_context(steps=200))
    dark, bright = softmax(by_hand(policy, data, np.array([[0], [255]])), axis=1)
    np.testing.assert_allclose(bright, [1, 0, 0], atol=0.02)
    np.testing.assert_allclose(
        dark, np.bincount(actions[~light], minlength=3) / (~light).sum(), atol=0.05
    )


def test_bc_with_a_history_sees_the_latest_observations() -> None:
    """The action repeats the pixel of the step before; at the first step nothing is known."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 2, (50, 6))
    actions = np.concatenate([np.zeros((50, 1), dtype=np.int64), pixels[:, :-1]], axis=1)
    data = whole_episodes(
        pixels[:, :, None] * np.uint8(255), actions, np.zeros((50, 6)), n_actions=2
    )
    config = replace(SMALL, history=2, batch_size=64, temperature=0.0)
    policy = bc.train(data, config, make_context(steps=200))
    policy.reset(np.arange(20), np.zeros(20, dtype=np.float32))
    seen = random.integers(0, 2, (4, 20))
    acted = [policy.act(row[:, None] * np.uint8(255), np.zeros(20, np.float32)) for row in seen]
    assert not acted[0].any()
    np.testing.assert_array_equal(acted[1:], seen[:-1])
