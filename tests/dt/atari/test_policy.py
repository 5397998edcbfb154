"""dt/atari/policy.py: its context, its return-to-go, its draws, and finished episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bench.datasets.trajectories import Trajectories
from bench.methods.sampling import choose
from dt.atari import method as atari
from dt.atari.config import Config
from tests.helpers.atari import CHOICES, SIDE, STACK, make_frames, shown
from tests.helpers.discrete import play
from tests.helpers.dt import make_context

SMALL = Config(
    context_length=4, layers=2, heads=2, width=16, dropout=0.0, batch_size=8, warmup_tokens=32
)


def train(config: Config = SMALL, data: Trajectories | None = None, **fields: Any) -> Any:
    return atari.train(data or make_frames(), config, make_context(**({"steps": 3} | fields)))


def far_from_equal(config: Config = SMALL) -> Any:
    """Return a policy whose logits differ, between actions and between steps."""
    policy = train(config)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        policy.model.predict_action.weight.normal_(0, 0.5)
        policy.model.positions.normal_(0, 0.3)
        policy.model.embed_timestep.weight.normal_(0, 0.3)
    return policy


@pytest.mark.parametrize("returns", [True, False], ids=["dt", "bc"])
@pytest.mark.parametrize("window_time", ["current", "first"])
@pytest.mark.parametrize("context_length", [1, 4, 30])
def test_acting_equals_the_window_from_scratch(
    context_length: int, window_time: Any, returns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames, returns and actions of the last K steps, put together here; each stack goes through
    the convolutions once.
    """
    config = replace(
        SMALL,
        context_length=context_length,
        window_time=window_time,
        returns=returns,
        return_scale=10.0,
    )
    policy, predicted = far_from_equal(config), []

    def spy(logits: Any, *rest: Any) -> Any:
        predicted.append(logits)
        return choose(logits, *rest)

    monkeypatch.setattr("dt.atari.policy.choose", spy)
    encoded, encode = [], policy.model.embed_state.forward
    monkeypatch.setattr(
        policy.model.embed_state, "forward", lambda x: (encoded.append(len(x)), encode(x))[1]
    )
    steps = shown(12)
    actions = play(policy, steps)  # asks for 0, 2.5 and 5
    assert encoded == 12 * [3]
    stacks = torch.from_numpy(np.stack([seen for seen, _ in steps], axis=1))
    earned = np.cumsum([rewards for _, rewards in steps], axis=0).T
    returns_to_go = torch.from_numpy((np.linspace(0, 5, 3)[:, None] - earned) / 10).float()
    taken = torch.from_numpy(actions.T.copy())
    longest = policy.model.embed_timestep.num_embeddings
    for now in range(12):
        window = slice(max(now + 1 - context_length, 0), now + 1)
        time = min(now if window_time == "current" else window.start, longest - 1)
        with torch.no_grad():
            states = policy.model.embed_state(stacks[:, window].flatten(0, 1))
            logits = policy.model(
                returns_to_go[:, window],
                states.view(3, now + 1 - window.start, -1),
                taken[:, window],
                torch.full((3,), time),
            )[:, -1]
        np.testing.assert_allclose(predicted[now], logits, atol=1e-5)
    assert np.std(predicted, axis=0).min() > 0.05
    assert len(np.unique(actions)) > 1
    assert longest < 12


@pytest.mark.parametrize(
    ("clip", "expected"), [(False, [90, 65, 65, 69]), (True, [90, 89, 89, 90])]
)
def test_rewards_lower_the_return_to_go(clip: bool, expected: list[float]) -> None:
    """Raw as in the paper's code, or as the data have it."""
    policy = train(replace(SMALL, clip_decrement=clip))
    policy.reset(np.array([0]), np.array([90], dtype=np.float32))
    stack, returns_to_go = np.zeros((1, STACK, SIDE, SIDE), dtype=np.uint8), []
    for reward in (0, 25, 0, -4):
        policy.act(stack, np.array([reward], dtype=np.float32))
        returns_to_go.append(float(policy.target_return[0]))
    assert returns_to_go == expected
    scaled = policy.returns_to_go[0] * policy.return_scale
    np.testing.assert_allclose(scaled, expected, rtol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_actions_are_drawn_from_the_softmax_of_the_logits(temperature: float) -> None:
    policy, count = far_from_equal(replace(SMALL, temperature=temperature)), 3000
    policy.reset(np.arange(count), np.full(count, 2, dtype=np.float32))
    stack = shown(1, num_envs=1)[0][0]
    drawn = policy.act(np.repeat(stack, count, axis=0), np.zeros(count, dtype=np.float32))
    with torch.no_grad():
        logits = policy.model(
            torch.full((1, 1), 2 / policy.return_scale),
            policy.model.embed_state(torch.from_numpy(stack)).unsqueeze(1),
            torch.zeros(1, 1, dtype=torch.int64),
            torch.zeros(1, dtype=torch.int64),
        )
    probability = softmax(logits.numpy()[0, 0].astype(np.float64) / temperature)
    error = 4 * np.sqrt(probability * (1 - probability) / count)
    assert (np.abs(np.bincount(drawn, minlength=CHOICES) / count - probability) < error).all()
    assert probability.max() > 0.45, "the choices are equally likely"


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-5), ("bfloat16", 0.02)])
def test_finished_episodes_do_not_change_the_others(
    precision: Any, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for rounding, which depends on how many episodes are in a product. Actions are drawn from
    almost equal logits, so they are equal too.
    """
    policy = far_from_equal(replace(SMALL, precision=precision))
    num_envs = 8
    random = np.random.default_rng(5)
    stacks = random.integers(0, 256, (10, num_envs, *policy.model.stack_shape), dtype=np.uint8)
    finished = {3: [1, 6], 5: [0], 7: [2, 3, 4]}  # step -> environments finished before it
    predict, logits = policy.predict, []
    monkeypatch.setattr(policy, "predict", lambda seen: logits.append(predict(seen)) or logits[-1])
    encode, encoded = policy.model.embed_state.forward, []
    monkeypatch.setattr(
        policy.model.embed_state, "forward", lambda x: (encoded.append(len(x)), encode(x))[1]
    )

    def play_on(finishing: bool) -> torch.Tensor:
        logits.clear()
        encoded.clear()
        policy.reset(np.arange(num_envs), np.linspace(0, 5, num_envs, dtype=np.float32))
        for step, seen in enumerate(stacks):
            if finishing and step in finished:
                policy.finish(np.array(finished[step]))
            policy.act(seen, np.full(num_envs, 0.5, dtype=np.float32))
        return torch.stack(logits)

    everyone, some = play_on(False), play_on(True)
    assert encoded == [8, 8, 8, 6, 6, 5, 5, 4, 4, 4]  # two finished ones stay with the last two
    close = {"rtol": 0, "atol": tolerance * everyone.abs().max().item()}
    torch.testing.assert_close(some[:, [5, 7]], everyone[:, [5, 7]], **close)
    torch.testing.assert_close(some[:7, 2:5], everyone[:7, 2:5], **close)
    assert not some[3:, 6].any()
    assert everyone[3:, 6].all()
