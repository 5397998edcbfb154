"""RvS-R: what each step is conditioned on, what the policy asks for, its likelihood, what it refuses."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from baselines import rvs
from bench.methods.context import Context
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.methods.networks import arrays_of
from bench.tasks.registry import task_by_name
from tests.helpers.atari import make_frames
from tests.helpers.averages import averages_of, note_weights
from tests.helpers.discrete import make_choices
from tests.helpers.dt import ACT, OBS, make_context, make_data, make_task, numbered, saved_bytes
from tests.helpers.vectors import NO_REWARD, observations

SMALL = rvs.Config(width=16, batch_size=8, learning_rate=1e-2)


# --- conditioning -------------------------------------------------------------------------------


def test_average_returns_to_go_by_hand() -> None:
    """Returns-to-go 3 2 | 2 -1 -1, steps left of five 5 4 | 5 4 3."""
    data = numbered((2, 3), rewards=[1, 2, 3, 0, -1])
    found = rvs.average_returns_to_go(data, 5)
    np.testing.assert_allclose(found, [3 / 5, 2 / 4, 2 / 5, -1 / 4, -1 / 3], rtol=1e-6)
    assert found.dtype == np.float32


def test_an_early_end_costs_more_the_later_it_is_looked_at() -> None:
    """One reward each step. Only an episode of full length has an average of one throughout."""
    whole, short = (rvs.average_returns_to_go(numbered((n,)), 4) for n in (4, 2))
    np.testing.assert_allclose(whole, [1, 1, 1, 1])
    np.testing.assert_allclose(short, [2 / 4, 1 / 3])


def test_the_average_is_of_whole_episodes_in_a_subset_too() -> None:
    data = numbered((2, 3), rewards=[1, 2, 3, 0, -1])
    found = rvs.average_returns_to_go(data.select(np.array([1])), 5)
    np.testing.assert_array_equal(found, rvs.average_returns_to_go(data, 5)[2:])


def test_where_all_reward_comes_last_the_average_rises() -> None:
    found = rvs.average_returns_to_go(numbered((2,), rewards=[1, 5]).sparse(), 4)
    np.testing.assert_allclose(found, [6 / 4, 6 / 3])


def asked(asks: str, rewards: list[list[float]], horizon: int = 5) -> np.ndarray:
    """Return what a policy asks for in two episodes, with targets 10 and -5, (steps, 2)."""
    policy = rvs.RvsPolicy(
        nn.Sequential(),
        rvs.Config(asks=asks),  # type: ignore[arg-type]
        mean=np.zeros(1, dtype=np.float32),
        std=np.ones(1, dtype=np.float32),
        horizon=horizon,
        bounds=None,
        device="cpu",
    )
    policy.reset(np.array([0, 1]), np.array([10, -5], dtype=np.float32))
    return np.stack([policy.asked(np.array(row, dtype=np.float32)) for row in rewards])


def test_a_constant_policy_asks_for_the_target_per_step() -> None:
    """rvs src/rvs/step.py, `eval_reward_conditioning`: one target for the whole episode."""
    found = asked("constant", [[0, 0], [4, -1], [0, -1], [100, 100]])
    np.testing.assert_allclose(found, [[2, -1]] * 4)


def test_a_policy_that_counts_asks_for_the_rest_over_the_steps_left() -> None:
    found = asked("remaining", [[0, 0], [4, -1], [0, -1]])
    np.testing.assert_allclose(found, [[10 / 5, -5 / 5], [6 / 4, -4 / 4], [6 / 3, -3 / 3]])


def test_a_policy_that_counts_outlives_the_horizon() -> None:
    found = asked("remaining", [[0, 0], [1, 1], [1, 1], [1, 1]], horizon=2)
    np.testing.assert_allclose(found[:, 0], [10 / 2, 9, 8, 7])


@pytest.mark.parametrize("asks", ["constant", "remaining"])
def test_a_policy_that_was_saved_asks_for_the_same(asks: str, tmp_path: Path) -> None:
    """3600 over the 1000 steps of Hopper, of which rewards of 50 lower the rest."""
    config = rvs.Config(layers=1, width=8, batch_size=4, asks=asks)  # type: ignore[arg-type]
    data = make_data((9, 8), observation_size=11, action_size=3)
    trained = rvs.train(data, config, Context(task_by_name("hopper-medium"), 0, 1))
    trained.save(tmp_path / "policy")
    loaded = rvs.load(tmp_path / "policy", "cpu")
    loaded.reset(np.arange(1), np.array([3600], np.float32))
    found = [float(loaded.asked(np.array([r], np.float32))[0]) for r in (0, 50, 50)]
    rest = [3.6, 3550 / 999, 3500 / 998]
    assert found == pytest.approx([3.6] * 3 if asks == "constant" else rest)


def test_rewards_as_promised_keep_both_kinds_of_asking_equal() -> None:
    promised = [[0.0, 0.0], *[[2.0, -1.0]] * 4]
    np.testing.assert_allclose(asked("remaining", promised), asked("constant", promised))


def test_a_policy_forgets_the_last_episode() -> None:
    policy = rvs.train(make_data(), replace(SMALL, asks="remaining"), make_context())
    first = play(policy)
    np.testing.assert_array_equal(play(policy), first)


def play(policy: rvs.RvsPolicy) -> np.ndarray:
    policy.reset(np.arange(5), np.full(5, 3.0, dtype=np.float32))
    return np.stack([policy.act(observations(), np.ones(5, dtype=np.float32)) for _ in range(3)])


# --- network and training -----------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_policy_is_this_forward_pass(layers: int) -> None:
    """`layers` hidden layers with ReLU; the target per step beside the standardised observation."""
    data, config = make_data(), replace(SMALL, layers=layers, learning_rate=1e-3)
    policy = rvs.train(data, config, make_context(task=make_task(horizon=30)))
    arrays = arrays_of(policy.network, "")
    weights = [arrays[name] for name in arrays if name.endswith("weight")]
    biases = [arrays[name] for name in arrays if name.endswith("bias")]
    assert [weight.shape for weight in weights] == [
        (16, OBS + 1),
        *[(16, 16)] * (layers - 1),
        (ACT, 16),
    ]
    targets = np.array([0, 3, 6, 9, -3], dtype=np.float32)
    mean, std = data.observations.mean(axis=0), data.observations.std(axis=0)
    states = (observations() - mean) / (std + 1e-6)
    hidden = np.concatenate([states, targets[:, None] / 30], axis=1)
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden = np.maximum(hidden @ weight.T + bias, 0)
    expected = np.clip(hidden @ weights[-1].T + biases[-1], -1, 1)
    policy.reset(np.arange(5), targets)
    np.testing.assert_allclose(policy.act(observations(), NO_REWARD), expected, atol=1e-5)


def test_it_trains_on_every_step_with_its_own_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    data = numbered((1, 2, 4))  # observations 0 to 6: mean 3, standard deviation 2
    seen: list[torch.Tensor] = []
    forward = rvs.Likelihood.forward
    monkeypatch.setattr(
        rvs.Likelihood,
        "forward",
        lambda self, inputs, actions: (
            seen.append(torch.cat([inputs, actions], dim=1)),
            forward(self, inputs, actions),
        )[1],
    )
    context = make_context(steps=10, task=make_task(horizon=4))
    rvs.train(data, replace(SMALL, batch_size=70), context)
    rows, counts = np.unique(torch.cat(seen).numpy(), axis=0, return_counts=True)
    outcomes = [1 / 4, 2 / 4, 1 / 3, 1, 1, 1, 1]
    expected = [
        [(i - 3) / 2, outcome, i, episode]
        for i, (outcome, episode) in enumerate(zip(outcomes, [0, 1, 1, 2, 2, 2, 2], strict=True))
    ]
    np.testing.assert_allclose(rows, expected, atol=1e-5)
    assert np.abs(counts - 100).max() < 40  # 4 standard deviations


def test_the_loss_is_the_likelihood_of_a_gaussian() -> None:
    """Against torch's own, in float64; the standard deviation learns as well."""
    network = nn.Sequential(nn.Linear(3, 2)).double()
    module = rvs.Likelihood(network, 2).double()
    with torch.no_grad():
        module.log_std.copy_(torch.tensor([0.3, -0.7]))
    generator = torch.Generator().manual_seed(0)
    inputs, actions = (torch.randn(5, n, generator=generator, dtype=torch.float64) for n in (3, 2))
    gaussian = torch.distributions.Normal(network(inputs), module.log_std.exp())
    expected = -gaussian.log_prob(actions).sum(dim=1).mean()
    torch.testing.assert_close(module(inputs, actions), expected, rtol=0, atol=1e-12)
    found = torch.autograd.grad(module(inputs, actions), list(module.parameters()))
    wanted = torch.autograd.grad(expected, list(module.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_first_actions_are_near_zero_and_hidden_weights_orthogonal() -> None:
    """The initialisation of stable-baselines3."""
    policy = rvs.train(make_data(), replace(SMALL, learning_rate=1e-12), make_context(steps=1))
    first, second, last = (policy.network[i].weight.detach() for i in (0, 3, 6))
    torch.testing.assert_close(second @ second.T, 2 * torch.eye(16), rtol=0, atol=1e-5)
    torch.testing.assert_close(first.T @ first, 2 * torch.eye(OBS + 1), rtol=0, atol=1e-5)
    torch.testing.assert_close(last @ last.T, 1e-4 * torch.eye(ACT), rtol=0, atol=1e-8)
    for i in (0, 3, 6):
        assert float(policy.network[i].bias.detach().abs().max()) <= 1e-11


@pytest.mark.parametrize("discrete", [False, True])
def test_it_does_what_is_asked_for(discrete: bool) -> None:
    """Episodes of one step in one state: the outcome alone says which action was taken."""
    data = numbered((1,) * 8, rewards=[1, -1] * 4)
    actions = np.array([[0.5, -0.5], [-0.5, 0.5]] * 4, dtype=np.float32)
    data = replace(data, observations=np.zeros((8, 1), dtype=np.float32), actions=actions)
    if discrete:
        choices = np.array([2, 0] * 4, dtype=np.int64)
        data = replace(data, actions=choices, action_low=0.0, action_high=2.0)
    context = make_context(steps=300, task=make_task(horizon=1))
    policy = rvs.train(data, SMALL, context)
    policy.reset(np.arange(2), np.array([1, -1], dtype=np.float32))
    found = policy.act(np.zeros((2, 1), dtype=np.float32), np.zeros(2, dtype=np.float32))
    if discrete:
        assert found.tolist() == [2, 0]
    else:
        np.testing.assert_allclose(found, actions[:2], atol=0.05)


def test_actions_stay_in_the_range_of_the_data(tmp_path: Path) -> None:
    data = replace(make_data(), action_low=-0.1, action_high=0.2)
    policy = rvs.train(data, SMALL, make_context(steps=100))
    saved_bytes(policy, tmp_path)
    for acting in (policy, rvs.load(tmp_path / "policy.safetensors", "cpu")):
        actions = play(acting)
        assert (actions.min(), actions.max()) == pytest.approx((-0.1, 0.2))


def test_the_average_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    after = note_weights(rvs, monkeypatch)
    config = replace(SMALL, average_decay=0.5)
    policy = rvs.train(make_data(), config, make_context(steps=14))
    expected = averages_of(after, 0.5)[14]
    for name, tensor in policy.network.state_dict().items():
        other = expected[f"network.{name}"]
        torch.testing.assert_close(tensor.double(), other, rtol=0, atol=1e-6)
        assert not torch.equal(other, after[14][f"network.{name}"])


def test_the_rate_falls_to_zero_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = rvs.Adam.step
    monkeypatch.setattr(
        rvs.Adam,
        "step",
        lambda self: (rates.append(self.param_groups[0]["lr"]), step(self))[1],
    )
    rvs.train(make_data(), replace(SMALL, schedule="cosine"), make_context(steps=4))
    rvs.train(make_data(), SMALL, make_context(steps=2))
    factors = [1, (1 + 0.5**0.5) / 2, 0.5, (1 - 0.5**0.5) / 2]
    assert rates == pytest.approx([*(1e-2 * f for f in factors), 1e-2, 1e-2])


# --- configuration and refusals -----------------------------------------------------------------


def test_defaults_are_the_authors() -> None:
    """github.com/scottemmons/rvs at 388ff34, experiments/config/d4rl/gym_rvs_r.cfg"""
    assert asdict(rvs.Config()) == {
        "layers": 2,
        "width": 1024,
        "dropout": 0.0,
        "batch_size": 16_384,
        "learning_rate": 1e-3,
        "asks": "constant",
        "temperature": 0.0,
        "schedule": "constant",
        "average_decay": 0.0,
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("layers", 0),
        ("width", 0),
        ("batch_size", 0),
        ("dropout", 1.0),
        ("temperature", -1.0),
        ("average_decay", 1.0),
    ],
)
def test_an_impossible_option_is_refused(option: str, value: object) -> None:
    with pytest.raises(BadMethod, match=f"method rvs: {option} must .*, not"):
        load_method("rvs").configure({option: value})


def test_an_episode_beyond_the_horizon_is_refused() -> None:
    context = make_context(task=make_task(horizon=8))
    with pytest.raises(ValueError, match=r"an episode of 9 steps, but hopper-medium ends after 8"):
        rvs.train(make_data(), SMALL, context)


def test_a_temperature_of_continuous_actions_is_refused() -> None:
    with pytest.raises(ValueError, match="temperature 1 is of discrete actions"):
        rvs.train(make_data(), replace(SMALL, temperature=1.0), make_context())


def test_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="observations are stacks of 4 frames"):
        rvs.train(make_frames(), SMALL, make_context(task=make_task(horizon=1000)))


def test_a_temperature_draws_and_none_takes_the_likeliest() -> None:
    """Of nearly equal logits: those of a network that has learned nothing yet."""
    data = make_choices()
    for temperature, kinds in ((0.0, 1), (1.0, 2)):
        config = replace(SMALL, temperature=temperature, learning_rate=1e-12)
        policy = rvs.train(data, config, make_context(steps=1))
        policy.reset(np.arange(50), np.zeros(50, dtype=np.float32))
        same = np.repeat(data.observations[:1], 50, axis=0)
        assert len(set(policy.act(same, np.zeros(50, dtype=np.float32)).tolist())) >= kinds
        if temperature == 0:
            assert len(set(policy.act(same, np.zeros(50, dtype=np.float32)).tolist())) == 1
