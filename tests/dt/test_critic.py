"""dt/critic.py: what a prediction depends on, its loss, its attention, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import expit, log_softmax
from torch import Tensor
from torch.nn import functional

import dt.method
from bench.runs.diagnostics.critic import area_under_roc
from dt.config import Config
from dt.critic import CriticPolicy
from dt.policy import DecisionTransformerPolicy
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
from tests.helpers.dt import captured_loss, make_context, make_data, saved_bytes

STEPS, EPISODES = 8, 5
SMALL = Config(
    predict="returns",
    context_length=STEPS,
    layers=2,
    width=16,
    batch_size=8,
    learning_rate=3e-3,
    warmup_steps=1,
)


def make_critic(discrete: bool = True, **options: Any) -> CriticPolicy:
    """A critic whose every parameter is random, biases and norms too."""
    data = make_choices() if discrete else make_data()
    policy = dt.method.train(data, replace(SMALL, **options), make_context(steps=1))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for parameter in policy.model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    assert isinstance(policy, CriticPolicy)
    return policy


def episodes(discrete: bool = True, seed: int = 0) -> tuple[Any, Any]:
    """Observations (E, T, *obs) and actions (E, T) or (E, T, act)."""
    random = np.random.default_rng(seed)
    if not discrete:
        actions = random.uniform(-1, 1, (EPISODES, STEPS, 2)).astype(np.float32)
        return random.normal(2, 3, (EPISODES, STEPS, 3)).astype(np.float32), actions
    observations = random.integers(0, 256, (EPISODES, STEPS, *SHAPE), dtype=np.uint8)
    return observations, random.integers(0, CHOICES, (EPISODES, STEPS))


BOTH = pytest.mark.parametrize("discrete", [True, False], ids=["discrete", "vectors"])


# --- what it sees -------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("changed", range(STEPS))
@pytest.mark.parametrize("part", [0, 1], ids=["observation", "action"])
def test_a_prediction_sees_the_steps_before_it_alone(
    discrete: bool, part: int, changed: int
) -> None:
    critic, given = make_critic(discrete), episodes(discrete)
    before = critic.predict_success(*given)
    assert (before.shape, before.dtype) == ((EPISODES, STEPS), np.float32)
    other = episodes(discrete, seed=1)
    given[part][:, changed] = other[part][:, changed]
    if discrete and part == 1:
        given[1][:, changed] = (episodes()[1][:, changed] + 1) % CHOICES
    difference = np.abs(critic.predict_success(*given) - before).max(axis=0)
    assert (difference[: changed + 1] == 0).all()
    assert (difference[changed + 1 :] > 1e-5).all()


def test_before_the_first_step_all_episodes_look_alike() -> None:
    first, second = (
        make_critic().predict_success(*episodes()),
        make_critic().predict_success(*episodes(seed=1)),
    )
    assert len(set(first[:, 0]) | set(second[:, 0])) == 1
    assert ((first > 0) & (first < 1)).all()


def test_rewards_are_targets_and_nothing_else() -> None:
    """Other rewards at other steps, of episodes that end alike, teach exactly the same."""
    data = make_choices((1, 8, 2, 3))
    rewards = np.zeros_like(data.rewards)
    rewards[data.episode_starts[:-1]] = np.where(data.returns > 0, 77, -5)
    assert len(set(data.returns > 0)) == 2
    learned = [
        dt.method.train(one, SMALL, make_context(steps=5)).model.state_dict()
        for one in (data, replace(data, rewards=rewards), replace(data, rewards=-rewards))
    ]
    assert all(torch.equal(tensor, learned[1][name]) for name, tensor in learned[0].items())
    assert not all(torch.equal(tensor, learned[2][name]) for name, tensor in learned[0].items())


@pytest.mark.parametrize("context_length", [STEPS, 30], ids=["sliding", "cached"])
def test_acting_it_is_shown_no_returns(context_length: int) -> None:
    critic, steps = make_critic(context_length=context_length), shown(STEPS)
    first = play(critic, steps)
    critic.reset(np.array([5, 6, 7]), np.full(3, 1000, dtype=np.float32))
    again = [critic.act(observations, rewards + 50) for observations, rewards in steps]
    np.testing.assert_array_equal(np.stack(again), first)
    assert not critic.returns_to_go.any()


@BOTH
def test_it_acts_as_it_was_trained_to(discrete: bool) -> None:
    """Its actions are those that the network predicts beside success."""
    critic = make_critic(discrete, context_length=30)
    observations, _ = episodes(discrete)
    predicted: list[Tensor] = []
    predict = critic.predict
    critic.predict = lambda: (predicted.append(predict()), predicted[-1])[1]  # type: ignore[method-assign]
    critic.reset(np.arange(EPISODES), np.ones(EPISODES, dtype=np.float32))
    for step in range(STEPS):
        critic.act(observations[:, step], np.zeros(EPISODES, dtype=np.float32))
    timesteps = torch.arange(STEPS).expand(EPISODES, -1)
    with torch.no_grad():
        expected, _ = critic.model.predict_actions_and_success(
            critic.states[:, :STEPS], critic.actions[:, :STEPS], timesteps
        )
    torch.testing.assert_close(torch.stack(predicted, dim=1), expected, rtol=0, atol=1e-5)


def test_longer_episodes_than_the_context_are_refused() -> None:
    critic = make_critic(context_length=STEPS - 1)
    for look in (critic.predict_success, critic.attention):
        with pytest.raises(ValueError, match="episodes of 8 steps do not fit into a context of 7"):
            look(*episodes())


# --- the loss -----------------------------------------------------------------------------------


def test_loss_is_that_of_actions_plus_that_of_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cross-entropies over real steps; one window at a time, without padding."""
    data, config = make_choices((1, 8, 2, 3)), replace(SMALL, dropout=0.0, batch_size=16)
    loss_of_batch, model, _ = captured_loss(dt.method, data, config, monkeypatch)
    predict = model.predict_actions_and_success
    batch = Windows(data, STEPS, 1.0, "cpu").sample(16, np.random.default_rng(3))
    wins = (data.returns > 0)[np.searchsorted(data.episode_starts, starts(data), side="right") - 1]
    of_actions: list[float] = []
    of_success: list[float] = []
    for i in range(16):
        n = int(batch.valid[i].sum())
        window = [part[i : i + 1, :n] for part in batch.inputs(STEPS)][1:]
        logits, success = (x.detach().double().numpy()[0] for x in predict(*window))
        of_actions += (-log_softmax(logits, axis=1)[np.arange(n), window[1][0]]).tolist()
        chance = expit(success)
        of_success += (-np.log(chance if wins[i] else 1 - chance)).tolist()
    assert len(of_success) < 16 * STEPS, "no window of this batch is padded"
    assert len(set(wins)) == 2
    expected = np.mean(of_actions) + np.mean(of_success)
    assert loss_of_batch(np.random.default_rng(3)).item() == pytest.approx(expected, rel=1e-5)


def starts(data: Any) -> Any:
    """Where the windows begin that `sample` draws with this generator."""
    return np.random.default_rng(3).integers(data.steps, size=16)


# --- its attention ---------------------------------------------------------------------------


def plain_attention(critic: CriticPolicy, observations: Any, actions: Any) -> Tensor:
    """The last layer's weights (E, T, T), from the parameters alone, summed token by token."""
    p = {name: tensor.double() for name, tensor in critic.model.state_dict().items()}
    layers, heads = critic.config.layers, critic.config.heads

    def linear(name: str, x: Tensor) -> Tensor:
        return functional.linear(x, p[f"{name}.weight"], p[f"{name}.bias"])

    def norm(name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (16,), p[f"{name}.weight"], p[f"{name}.bias"])

    flat = observations.reshape(EPISODES, STEPS, -1).astype(np.float64)
    states = torch.from_numpy((flat - critic.mean) / (critic.std + 1e-6))
    acted = p["embed_action.weight"][actions]
    tokens = []
    for step in range(STEPS):
        time = p["embed_timestep.weight"][step]
        state = linear("embed_state", states[:, step])
        tokens += [
            p["embed_return.bias"].expand_as(state) + time,
            state + time,
            acted[:, step] + time,
        ]
    x = norm("embed_norm", torch.stack(tokens, dim=1))
    future = torch.ones(3 * STEPS, 3 * STEPS).triu(1).bool()
    for i in range(layers):
        block = f"transformer.blocks.{i}"
        q, k, v = linear(f"{block}.attention.qkv", norm(f"{block}.norm1", x)).split(16, dim=2)
        weights, mixed = [], []
        for own in torch.arange(16).chunk(heads):
            scores = q[..., own] @ k[..., own].transpose(1, 2) / len(own) ** 0.5
            weights.append(scores.masked_fill(future, -torch.inf).softmax(dim=2))
            mixed.append(weights[-1] @ v[..., own])
        x = x + linear(f"{block}.attention.project", torch.cat(mixed, dim=2))
        hidden = linear(f"{block}.mlp.fc1", norm(f"{block}.norm2", x))
        x = x + linear(f"{block}.mlp.fc2", hidden.relu())
    mean = sum(weights) / heads
    rows = [[mean[:, 3 * t, 3 * s : 3 * s + 3].sum(1) for s in range(STEPS)] for t in range(STEPS)]
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


@pytest.mark.parametrize("heads", [1, 2], ids=["1-head", "2-heads"])
@pytest.mark.parametrize("layers", [1, 2], ids=["1-layer", "2-layers"])
def test_attention_equals_a_plain_computation(layers: int, heads: int) -> None:
    critic, given = make_critic(layers=layers, heads=heads), episodes()
    found = critic.attention(*given)
    assert (found.shape, found.dtype) == ((EPISODES, STEPS, STEPS), np.float32)
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-6)
    np.testing.assert_array_equal(np.triu(found, 1), 0)
    np.testing.assert_allclose(found, plain_attention(critic, *given), atol=1e-5)
    assert found[:, -1].std() > 1e-2, "attention is the same everywhere"


def test_attention_of_vectors_has_such_rows_too() -> None:
    found = make_critic(discrete=False, heads=2).attention(*episodes(discrete=False))
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-6)
    np.testing.assert_array_equal(np.triu(found, 1), 0)


def test_asking_for_attention_changes_nothing() -> None:
    critic = make_critic()
    before = critic.predict_success(*episodes())
    critic.attention(*episodes())
    np.testing.assert_array_equal(critic.predict_success(*episodes()), before)


# --- what it learns, and its file -----------------------------------------------------------------


def test_an_early_observation_that_decides_is_remembered() -> None:
    """The first observation says whether the last step is rewarded; all else is noise."""
    random = np.random.default_rng(0)
    observations = random.integers(0, 256, (200, STEPS, *SHAPE), dtype=np.uint8)
    wins = random.random(200) < 0.3
    observations[:, 0, 0, 0] = np.where(wins, 255, 0)
    actions = random.integers(0, 2, (200, STEPS))
    rewards = np.zeros((200, STEPS))
    rewards[:, -1] = wins
    train, new = slice(0, 120), slice(120, 200)
    data = whole_episodes(observations[train], actions[train], rewards[train], n_actions=2)
    options = {"learning_rate": 1e-2, "batch_size": 32, "windows": "first_step"}
    config = replace(SMALL, dropout=0.0, schedule="cosine", **options)
    critic = dt.method.train(data, config, short_context(STEPS, steps=120))
    chances = critic.predict_success(observations[new], actions[new])
    assert chances[0, 0] == pytest.approx(wins[train].mean(), abs=0.1)
    for step in range(1, STEPS):
        assert area_under_roc(chances[:, step].astype(np.float64), wins[new]) > 0.98
    assert chances[:, -1][wins[new]].mean() > 0.8
    assert chances[:, -1][~wins[new]].mean() < 0.2


@BOTH
def test_saved_and_loaded_it_predicts_the_same(discrete: bool, tmp_path: Any) -> None:
    critic = make_critic(discrete)
    saved = saved_bytes(critic, tmp_path / "first")
    loaded = dt.method.load(tmp_path / "first" / "policy.safetensors", "cpu")
    assert isinstance(loaded, CriticPolicy)
    given = episodes(discrete)
    np.testing.assert_array_equal(loaded.predict_success(*given), critic.predict_success(*given))
    np.testing.assert_array_equal(loaded.attention(*given), critic.attention(*given))
    assert saved_bytes(loaded, tmp_path / "second") == saved


def test_another_dt_is_no_critic() -> None:
    plain = dt.method.train(
        make_choices(), replace(SMALL, predict="actions"), make_context(steps=1)
    )
    assert type(plain) is DecisionTransformerPolicy
    assert not hasattr(plain, "predict_success")
