"""`predict: all`: next states and returns-to-go, and their losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import dt.method
from dt.config import Config
from dt.losses import loss_of_actions, loss_of_next_steps
from dt.windows import Batch, Windows
from tests.helpers.dt import (
    ACT,
    OBS,
    K,
    captured_loss,
    make_context,
    make_data,
    make_model,
    make_window,
    plain_returns_to_go,
    plain_tokens,
    plain_transformer,
)

SMALL = Config(
    context_length=4, layers=2, width=16, batch_size=8, learning_rate=3e-3, warmup_steps=1
)


@torch.no_grad()
def test_what_follows_is_read_off_the_action_token() -> None:
    model, window = make_model(2, predict="all"), make_window(4, start=5)
    tokens = plain_transformer(model, plain_tokens(model, window, "add_then_norm"))
    states = torch.stack([model.predict_state(token) for token in tokens[2::3]], dim=1)
    returns = torch.cat([model.predict_return(token) for token in tokens[2::3]], dim=1)
    found = model.predict_all(*window)
    torch.testing.assert_close(found[1], states, rtol=0, atol=1e-5)
    torch.testing.assert_close(found[2], returns, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("part", [0, 1, 2], ids=["return-to-go", "state", "action"])
@pytest.mark.parametrize("changed", range(K))
def test_what_follows_is_not_looked_at(part: int, changed: int) -> None:
    """A prediction of step t + 1 knows all of step t and nothing of step t + 1."""
    model, window = make_model(2, predict="all"), make_window()
    before = model.predict_all(*window)
    window[part][:, changed] += 1.0
    after = model.predict_all(*window)
    for old, new in ((before[1], after[1]), (before[2][..., None], after[2][..., None])):
        difference = (new - old).abs().amax(dim=(0, 2))
        assert (difference[:changed] == 0).all()
        assert (difference[changed:] > 1e-4).all()


@torch.no_grad()
def test_predicting_all_leaves_the_actions_alone() -> None:
    model, window = make_model(2, predict="all"), make_window()
    torch.testing.assert_close(model.predict_all(*window)[0], model(*window), rtol=0, atol=1e-6)


def test_predicting_all_starts_from_the_same_weights() -> None:
    plain = make_model(randomise=False).state_dict()
    everything = make_model(randomise=False, predict="all").state_dict()
    assert all(torch.equal(everything[name], plain[name]) for name in plain)
    heads = {f"predict_{x}.{p}" for x in ("state", "return") for p in ("weight", "bias")}
    assert set(everything) - set(plain) == heads


def test_the_loss_of_what_follows_by_hand() -> None:
    """Two windows of K + 1 = 3 steps, observations of 2 numbers: one whole, one cut after 1 step."""
    nothing = torch.zeros(2, 3, dtype=torch.int64)
    batch = Batch(
        returns_to_go=torch.tensor([[3.0, 2.0, 1.0], [5.0, 0.0, 0.0]]),
        states=torch.tensor([[[9.0, 9], [1, 2], [3, 4]], [[9, 9], [0, 0], [0, 0]]]),
        actions=torch.tensor([[[0.5], [0.1], [9]], [[-0.5], [0], [0]]]),
        timesteps=nothing,
        valid=torch.tensor([[True, True, True], [True, False, False]]),
        earned=torch.ones(2),
    )
    states = torch.tensor([[[1.0, 0], [3, 2]], [[50, 50], [50, 50]]])  # off by 0 2, 0 2
    returns = torch.tensor([[2.0, 4.0], [70.0, 70.0]])  # off by 0, 3
    # states (0 + 4) / 2 twice, so 2; returns (0 + 9) / 2
    assert loss_of_next_steps(states, returns, batch).item() == pytest.approx(2 + 4.5)
    actions = torch.tensor([[[0.5], [0.4]], [[0.5], [60]]])  # off by 0, 0.3, 1; the last is padding
    assert loss_of_actions(actions, batch).item() == pytest.approx((0.09 + 1) / 3)


def test_an_episode_of_one_step_has_nothing_to_follow() -> None:
    data = make_data((1, 1))
    batch = Windows(data, 5, 1.0, "cpu").at(np.array([0, 1]))
    rubbish = torch.full((2, 4, OBS), 7.0, requires_grad=True)
    loss = loss_of_next_steps(rubbish, rubbish[..., 0], batch)
    loss.backward()
    assert loss.item() == 0
    assert (rubbish.grad == 0).all()


@pytest.mark.parametrize("discount", [1.0, 0.9])
@pytest.mark.parametrize("context_length", [1, 3, 20])
def test_the_whole_loss_step_by_step(
    context_length: int, discount: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Straight from the data's arrays, one window at a time, without padding or masks."""
    data = make_data((1, 9, 2, 3))
    config = replace(
        SMALL, context_length=context_length, dropout=0.0, predict="all", discount=discount
    )
    loss_of_batch, model, _ = captured_loss(dt.method, data, config, monkeypatch)
    states = (data.observations - data.observation_mean) / (data.observation_std + 1e-6)
    returns = plain_returns_to_go(data, discount) / 1000
    actions, of_actions, of_states, of_returns = torch.from_numpy(data.actions), [], [], []
    for row in np.random.default_rng(0).integers(data.steps, size=8).tolist():
        first = max(b for b in data.episode_starts if b <= row)
        end = min(b for b in data.episode_starts if b > row)
        rows = np.arange(row, min(row + context_length, end))
        window = (returns[rows], states[rows], data.actions[rows])
        given = [torch.tensor(part, dtype=torch.float32)[None] for part in window]
        acted, followed, left = model.predict_all(*given, torch.from_numpy(rows - first)[None])
        of_actions += (acted[0] - actions[rows]).square().flatten().tolist()
        for i, now in enumerate(rows.tolist()):
            if now + 1 < end:
                of_states += (followed[0, i] - torch.tensor(states[now + 1])).square().tolist()
                of_returns.append((left[0, i].item() - returns[now + 1]) ** 2)
    expected = np.mean(of_actions) + np.mean(of_states) + np.mean(of_returns)
    assert len(of_returns) < len(of_actions) / ACT, "no window of this batch ends with its episode"
    assert loss_of_batch(np.random.default_rng(0)).item() == pytest.approx(expected, rel=1e-5)


def test_gradients_reach_every_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(SMALL, predict="all")
    loss_of_batch, model, _ = captured_loss(dt.method, make_data(), config, monkeypatch)
    model.train()
    loss_of_batch(np.random.default_rng(0)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.abs().max() > 0, name


def test_all_three_are_learned() -> None:
    data, config = make_data(), replace(SMALL, predict="all", dropout=0.0, return_scale=10.0)
    batch = Windows(data, 5, 10.0, "cpu").at(np.arange(data.steps))
    errors = []
    for steps in (1, 150):
        model = dt.method.train(data, config, make_context(steps=steps)).model.eval()
        with torch.no_grad():
            actions, states, returns = model.predict_all(*batch.inputs(4))
        exact_states, exact_returns = batch.states[:, 1:], batch.returns_to_go[:, 1:]
        errors.append(
            [
                loss_of_actions(actions, batch).item(),
                loss_of_next_steps(states, exact_returns, batch).item(),
                loss_of_next_steps(exact_states, returns, batch).item(),
            ]
        )
    assert (np.array(errors[1]) < 0.5 * np.array(errors[0])).all(), errors
