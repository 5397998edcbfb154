"""BC on vectors: its forward pass, its loss, which steps it sees, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from baselines import bc
from bench.methods.loader import load_method
from bench.methods.networks import arrays_of
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices
from tests.helpers.dt import ACT, OBS, make_context, make_data, numbered
from tests.helpers.vectors import NO_REWARD, observations

SMALL_BC = bc.Config(width=16, batch_size=8, warmup_steps=1, learning_rate=1e-3)


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


@pytest.mark.parametrize("method", ["bc", "percent_bc"])
def test_a_temperature_is_refused_where_actions_are_continuous(method: str) -> None:
    loaded = load_method(method)
    config = loaded.configure({"temperature": 0.5, "width": 8})
    with pytest.raises(ValueError, match=r"temperature 0\.5 is of discrete actions"):
        loaded.train(make_data(), config, make_context(steps=1))
    loaded.train(make_choices(), config, make_context(steps=1))


def test_frames_are_refused_with_the_method_to_use() -> None:
    with pytest.raises(
        ValueError, match=r"this method needs vectors: use dt_atari .* or cql_atari"
    ):
        bc.train(make_frames(), bc.Config(), make_context(steps=1))
