"""DT with discrete actions: the network, its loss, how actions are drawn, and what it learns."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

import dt.method
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from dt.config import Config
from dt.losses import loss_of_next_steps
from dt.model import DecisionTransformer
from dt.windows import Windows
from tests.helpers.discrete import (
    CHOICES,
    SHAPE,
    make_choices,
    play,
    short_context,
    shown,
    whole_episodes,
)
from tests.helpers.dt import (
    ACT,
    OBS,
    WIDTH,
    K,
    Window,
    captured_loss,
    make_context,
    make_model,
    make_window,
    pad,
    plain_tokens,
    plain_transformer,
)

SMALL = Config(
    context_length=4, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)
KINDS = {
    "add_then_norm": {},
    "norm_then_add": {"embedding_order": "norm_then_add"},
    "concatenate": {"time_embedding": "concatenate"},
}


def discrete_window(steps: int = K) -> Window:
    returns, states, _, timesteps = make_window(steps)
    generator = torch.Generator().manual_seed(steps)
    return returns, states, torch.randint(ACT, (len(states), steps), generator=generator), timesteps


# --- the network --------------------------------------------------------------------------------


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
def test_logits_equal_those_of_a_plain_network(heads: int, kind: str) -> None:
    """One token, one head and one pair at a time; no tanh at the end."""
    model, window = make_model(heads, discrete=True, **KINDS[kind]), discrete_window()
    tokens = plain_transformer(model, plain_tokens(model, window, kind))
    expected = torch.stack([model.predict_action(token) for token in tokens[1::3]], dim=1)
    found = model(*window)
    assert found.shape == (4, K, ACT)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(model(*window, last=True), expected[:, -1:], rtol=0, atol=1e-5)
    assert found.abs().max() > 1, "tanh could be at the end"


@torch.no_grad()
def test_an_action_is_a_row_of_a_table() -> None:
    model = make_model(discrete=True)
    assert model.embed_action.weight.shape == (ACT, WIDTH)
    window = discrete_window()
    tokens = model.embed(*window)[:, 2::3]
    time = model.embed_timestep(window[3])
    assert torch.equal(tokens, model.embed_action.weight[window[2]] + time)


@torch.no_grad()
def test_heads_for_what_follows_stand_beside_the_logits() -> None:
    model, window = make_model(discrete=True, predict="all"), discrete_window()
    logits, states, returns = model.predict_all(*window)
    assert (logits.shape, states.shape, returns.shape) == ((4, K, ACT), (4, K, OBS), (4, K))
    torch.testing.assert_close(logits, model(*window), rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(
    ("part", "seen_from"), [(0, 0), (1, 0), (2, 1)], ids=["return-to-go", "state", "action"]
)
@pytest.mark.parametrize("changed", range(K))
def test_a_token_changes_only_predictions_after_it(part: int, seen_from: int, changed: int) -> None:
    model, window = make_model(heads=2, discrete=True), discrete_window()
    before = model(*window)
    if part == 2:
        window[2][:, changed] = 1 - window[2][:, changed]
    else:
        window[part][:, changed] += 1.0
    difference = (model(*window) - before).abs().amax(dim=(0, 2))
    assert (difference[: changed + seen_from] == 0).all()
    assert (difference[changed + seen_from :] > 1e-4).all()


@torch.no_grad()
def test_padding_on_the_right_never_changes_a_real_step() -> None:
    model, real = make_model(heads=2, discrete=True), K - 2
    clean = pad_right(discrete_window(real), (0.0, 0.0, 0, 0))
    dirty = pad_right(discrete_window(real), (1e3, -7.0, 1, 9))
    assert torch.equal(model(*dirty)[:, :real], model(*clean)[:, :real])


def pad_right(window: Window, values: tuple[Any, ...]) -> Window:
    flat = (*window[:2], window[2].unsqueeze(2), window[3])
    returns, states, actions, timesteps = pad(flat, 0, 2, 0)
    padded = (returns, states, actions.squeeze(2), timesteps)
    for part, value in zip(padded, values, strict=True):
        part[:, -2:] = value
    return padded


# --- the loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("predict", ["actions", "all"])
def test_loss_is_the_cross_entropy_of_real_steps(
    predict: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is padding in the sum nor in the count; one window at a time, without padding."""
    config = replace(SMALL, context_length=6, dropout=0.0, predict=predict)
    data = make_choices((1, 9, 2, 3))
    loss_of_batch, model, policy = captured_loss(dt.method, data, config, monkeypatch)
    steps = 6 + (predict == "all")
    batch = Windows(data, steps, policy.return_scale, "cpu").sample(8, np.random.default_rng(3))
    errors: list[float] = []
    for i in range(8):
        n = int(batch.valid[i, :6].sum())
        window = [part[i : i + 1, :n] for part in batch.inputs(6)]
        logits = model(*window)[0].detach().numpy().astype(np.float64)
        assert logits.shape == (n, CHOICES)
        taken = window[2][0].numpy()
        errors += (-log_softmax(logits, axis=1)[np.arange(n), taken]).tolist()
    assert len(errors) < 8 * 6, "no window of this batch is padded"
    expected = np.mean(errors)
    if predict == "all":
        _, states, returns = model.predict_all(*batch.inputs(6))
        expected += loss_of_next_steps(states, returns, batch).item()
    assert loss_of_batch(np.random.default_rng(3)).item() == pytest.approx(expected, rel=1e-5)


def test_windows_hold_the_actions_as_numbers() -> None:
    data = make_choices((2, 5))
    batch = Windows(data, 4, 1.0, "cpu").at(np.array([1, 3]))
    assert (batch.actions.dtype, batch.actions.shape) == (torch.int64, (2, 4))
    assert batch.actions.tolist() == [[data.actions[1], 0, 0, 0], data.actions[3:7].tolist()]
    assert batch.states.shape == (2, 4, 4)
    expected = (data.observations[3] - data.observation_mean) / (data.observation_std + 1e-6)
    np.testing.assert_allclose(batch.states[1, 0], expected.ravel(), rtol=1e-5)


# --- how actions are drawn ----------------------------------------------------------------------


def make_policy(**options: Any) -> Any:
    """A policy whose logits are far from equal, and differ between steps."""
    policy = dt.method.train(make_choices(), replace(SMALL, **options), make_context(steps=1))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy.model.predict_action.weight.normal_(0, 0.4)
    return policy


@pytest.mark.parametrize("context_length", [4, 30], ids=["sliding", "cached"])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_actions_are_drawn_from_the_softmax_of_the_logits(
    context_length: int, temperature: float
) -> None:
    policy, count = make_policy(temperature=temperature, context_length=context_length), 3000
    policy.reset(np.arange(count), np.full(count, 2, dtype=np.float32))
    observations = np.tile(make_choices().observations[0], (count, 1, 1))
    drawn = policy.act(observations, np.zeros(count, dtype=np.float32))
    logits = policy.model(
        torch.full((1, 1), 2 / policy.return_scale),
        policy.states[:1, :1],
        torch.zeros(1, 1, dtype=torch.int64),
        torch.zeros(1, 1, dtype=torch.int64),
    )
    probability = softmax(logits.detach().numpy()[0, 0].astype(np.float64) / temperature)
    frequency = np.bincount(drawn, minlength=CHOICES) / count
    error = 4 * np.sqrt(probability * (1 - probability) / count)
    assert (np.abs(frequency - probability) < error).all()
    assert probability.max() > 0.45, "the choices are equally likely"
    np.testing.assert_array_equal(policy.actions[:, 0], drawn)  # its context has its own actions


@pytest.mark.parametrize("context_length", [4, 30], ids=["sliding", "cached"])
def test_an_episode_draws_alone_what_it_draws_in_a_batch(context_length: int) -> None:
    policy, steps = make_policy(context_length=context_length), shown(12)
    together = play(policy, steps, seeds=(5, 6, 7))
    for env, seed in enumerate((5, 6, 7)):
        policy.reset(np.array([seed]), np.linspace(0, 5, 3, dtype=np.float32)[[env]])
        only = slice(env, env + 1)
        alone = [policy.act(seen[only], rewards[only]) for seen, rewards in steps]
        np.testing.assert_array_equal(np.concatenate(alone), together[:, env])
    assert (play(policy, steps, seeds=(8, 6, 9))[:, 1] == together[:, 1]).sum() >= 1
    assert not np.array_equal(play(policy, steps, seeds=(8, 9, 10)), together)


@pytest.mark.parametrize("temperature", [-0.1, "hot"])
def test_bad_temperatures_are_refused(temperature: Any) -> None:
    for method in ("dt", "bc", "percent_bc"):
        with pytest.raises(BadMethod, match=f"method {method}: .*temperature"):
            load_method(method).configure({"temperature": temperature})


# --- what it learns -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_return_asked_for_is_the_return_achieved() -> None:
    """Every sequence of three times 0 or 1 is in the data, and 1 earns 1: whoever draws from the
    actions that led to a return-to-go achieves it. A network is not quite as sure.
    """
    actions = np.array(list(itertools.product([0, 1], repeat=3)))
    data = whole_episodes(np.zeros((8, 3, 1)), actions, actions, n_actions=2)
    config = replace(
        SMALL, context_length=3, batch_size=32, learning_rate=1e-2, dropout=0.0, warmup_steps=10
    )
    policy = dt.method.train(data, config, short_context(3, steps=250))
    num_envs = 400
    targets = np.repeat(np.arange(4), num_envs // 4).astype(np.float32)
    policy.reset(np.arange(num_envs), targets)
    earned, rewards, acted = np.zeros(num_envs), np.zeros(num_envs, np.float32), []
    for _ in range(3):
        acted.append(policy.act(np.zeros((num_envs, 1), np.float32), rewards))
        rewards = acted[-1].astype(np.float32)
        earned += rewards
    assert (earned == targets).mean() > 0.96
    ways = {tuple(env) for env in np.stack(acted, axis=1)[targets == 1].tolist()}
    assert {(1, 0, 0), (0, 1, 0), (0, 0, 1)} <= ways


def test_sizes_are_those_of_the_data() -> None:
    policy = make_policy()
    model: DecisionTransformer = policy.model
    assert (model.embed_state.in_features, model.predict_action.out_features) == (4, CHOICES)
    assert int(np.prod(SHAPE)) == 4
