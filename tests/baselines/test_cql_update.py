"""The fast update of CQL, compared with d3rlpy's own: loss, gradients, weights, random draws."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from d3rlpy.algos.qlearning.torch.cql_impl import CQLImpl
from d3rlpy.torch_utility import TorchMiniBatch
from torch import Tensor

from baselines import cql
from baselines._cql_update import FastCQLImpl, accelerate, squashed_gaussian
from baselines._d3rlpy import adam
from baselines._encoders import encoder_of
from tests.helpers.cql import parameters
from tests.helpers.dt import ACT, OBS

SMALL = cql.Config(layers=2, width=24, batch_size=32, action_samples=4)
CONFIGS = {
    "small": SMALL,
    "one layer": replace(SMALL, layers=1),
    "three layers, ten samples": replace(SMALL, layers=3, action_samples=10),
    "one sample": replace(SMALL, action_samples=1),
    "Lagrange multiplier": replace(SMALL, alpha_learning_rate=1e-3),
    "fixed temperature": replace(SMALL, temperature_learning_rate=0.0),
    "other constants": replace(SMALL, conservative_weight=0.7, discount=0.9, target_rate=0.1),
    "the chosen size": replace(SMALL, width=128, batch_size=128),
}


def made(config: cql.Config, *, fast: bool, dtype: torch.dtype = torch.float32) -> Any:
    """Return an algorithm with the weights of one seed, biases too; d3rlpy's own by its options alone."""
    encoder = encoder_of(config.layers, config.width, config.precision)
    optimiser = adam(config.adam_epsilon)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        algorithm = d3rlpy.algos.CQLConfig(
            actor_learning_rate=config.actor_learning_rate,
            critic_learning_rate=config.critic_learning_rate,
            temp_learning_rate=config.temperature_learning_rate,
            alpha_learning_rate=config.alpha_learning_rate,
            actor_optim_factory=optimiser,
            critic_optim_factory=optimiser,
            temp_optim_factory=optimiser,
            alpha_optim_factory=optimiser,
            actor_encoder_factory=encoder,
            critic_encoder_factory=encoder,
            gamma=config.discount,
            tau=config.target_rate,
            conservative_weight=config.conservative_weight,
            n_action_samples=config.action_samples,
        ).create(device="cpu:0")
        algorithm.create_impl((OBS,), ACT)
        for network in algorithm.impl.modules.get_torch_modules().values():
            network.to(dtype)
    assert type(algorithm.impl) is CQLImpl
    return accelerate(algorithm) if fast else algorithm


def batch_of(size: int, seed: int, dtype: torch.dtype) -> TorchMiniBatch:
    """Return random transitions, a fifth of them terminals; some actions are -1 or 1."""
    random = np.random.default_rng(seed)
    terminals = random.random((size, 1)) < 0.2
    arrays = {
        "observations": random.normal(0, 1.5, (size, OBS)),
        "actions": random.normal(0, 1, (size, ACT)).clip(-1, 1),
        "rewards": random.normal(1, 2, (size, 1)),
        "next_observations": random.normal(0, 1.5, (size, OBS)) * ~terminals,
        "next_actions": np.zeros((size, ACT)),
        "returns_to_go": np.zeros((size, 1)),
        "terminals": terminals,
        "intervals": np.ones((size, 1)),
    }
    tensors = {name: torch.as_tensor(array).to(dtype) for name, array in arrays.items()}
    return TorchMiniBatch(**tensors, device="cpu:0")


def updates(
    algorithm: Any, size: int, count: int, dtype: torch.dtype = torch.float32
) -> tuple[list[float], list[dict[str, Tensor]]]:
    """Take updates; return their losses and the gradients that the optimisers of actor and critics were given."""
    losses, gradients = [], []
    for name in ("critic_optim", "actor_optim"):
        optimiser = getattr(algorithm.impl.modules, name).optim
        part = "q_funcs" if name == "critic_optim" else "policy"

        def step(inner: Any = optimiser.step, part: str = part) -> None:
            network = getattr(algorithm.impl.modules, part)
            gradients.append({k: p.grad.clone() for k, p in network.named_parameters()})
            inner()

        optimiser.step = step
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        for number in range(count):
            batch = batch_of(size, number, dtype)
            losses.append(algorithm.impl.update(batch, number)["critic_loss"])
    return losses, gradients


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_in_double_precision_it_is_d3rlpys_update(config: cql.Config) -> None:
    """Five updates with the same draws: gradients agree to nine digits of their largest entry, weights to eight. So
    the function is the same. The loss agrees to six digits, because d3rlpy adds the errors of its critics in float32.
    """
    results = []
    for fast in (True, False):
        algorithm = made(config, fast=fast, dtype=torch.float64)
        found = updates(algorithm, config.batch_size, 5, torch.float64)
        results.append((*found, parameters(algorithm)))
    (losses, gradients, weights), (expected, their_gradients, their_weights) = results
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert np.ptp(losses) > 0.01
    assert len(gradients) == len(their_gradients) == 10
    for ours, theirs in zip(gradients, their_gradients, strict=True):
        assert ours.keys() == theirs.keys()
        for name, gradient in ours.items():
            size = float(theirs[name].abs().max())
            torch.testing.assert_close(gradient, theirs[name], rtol=0, atol=1e-9 * size)
    assert weights.keys() == their_weights.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(weight, their_weights[name], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["small", "three layers, ten samples", "the chosen size"])
def test_in_float32_loss_and_gradients_differ_by_rounding(name: str) -> None:
    """One update: the loss to 1e-6 of itself, a gradient to 2e-5 of its largest entry."""
    config = CONFIGS[name]
    (loss,), (critic, actor) = updates(made(config, fast=True), config.batch_size, 1)
    (expected,), (their_critic, their_actor) = updates(
        made(config, fast=False), config.batch_size, 1
    )
    assert loss == pytest.approx(expected, rel=1e-6)
    for ours, theirs in ((critic, their_critic), (actor, their_actor)):
        for key, gradient in ours.items():
            size = float(theirs[key].abs().max())
            assert size > 0
            torch.testing.assert_close(gradient, theirs[key], rtol=0, atol=2e-5 * size)


def test_fifty_updates_stay_together() -> None:
    """Weights within a learning rate of each other, while they move by many."""
    start = parameters(made(SMALL, fast=True))
    start = {name: weight.detach().clone() for name, weight in start.items()}
    ours, theirs = made(SMALL, fast=True), made(SMALL, fast=False)
    losses, _ = updates(ours, SMALL.batch_size, 50)
    expected, _ = updates(theirs, SMALL.batch_size, 50)
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    for name, weight in parameters(theirs).items():
        difference = (parameters(ours)[name] - weight).abs().max()
        assert difference < 3e-4, name
        if "targ" not in name and "log_alpha" not in name:
            assert (weight - start[name]).abs().max() > 2e-3, name


def test_bfloat16_is_near_d3rlpys_update_in_bfloat16() -> None:
    config = replace(SMALL, precision="bfloat16")
    results = [updates(made(config, fast=fast), config.batch_size, 1) for fast in (True, False)]
    (loss, gradients), (expected, their_gradients) = results
    assert loss == pytest.approx(expected, rel=1e-2)
    exact = updates(made(SMALL, fast=True), config.batch_size, 1)[0]
    assert loss != exact
    for ours, theirs in zip(gradients, their_gradients, strict=True):
        for name, gradient in ours.items():
            size = float(theirs[name].abs().max())
            torch.testing.assert_close(gradient, theirs[name], rtol=0, atol=0.05 * size)


def test_only_hidden_layers_of_critics_are_in_bfloat16() -> None:
    algorithm = made(replace(SMALL, precision="bfloat16"), fast=True)
    inputs = torch.randn(6, OBS + ACT, generator=torch.Generator().manual_seed(0))
    for critic in (*algorithm.impl.critics, *algorithm.impl.target_critics):
        assert critic.dtype == torch.bfloat16
        values, hidden = critic(inputs)
        assert [layer.dtype for layer in hidden] == [torch.bfloat16, torch.bfloat16, torch.float32]
        assert values.dtype == torch.float32


# --- its parts ------------------------------------------------------------------------------------


def test_only_the_update_changes() -> None:
    """Names, shapes and values of weights stay; an optimiser has all weights of its network in one array."""
    plain, fast = made(SMALL, fast=False), made(SMALL, fast=True)
    assert type(fast.impl) is FastCQLImpl
    theirs, ours = parameters(plain), parameters(fast)
    assert list(ours) == list(theirs)
    for name, weight in theirs.items():
        assert torch.equal(ours[name], weight), name
    for part, optimiser in (("policy", "actor_optim"), ("q_funcs", "critic_optim")):
        [group] = getattr(fast.impl.modules, optimiser).optim.param_groups
        [flat] = group["params"]
        weights = list(getattr(fast.impl.modules, part).parameters())
        assert flat.numel() == sum(weight.numel() for weight in weights)
        with torch.no_grad():
            flat.fill_(7.0)
        assert all((weight == 7).all() for weight in weights)


def test_loading_weights_changes_what_the_update_uses() -> None:
    """A checkpoint is loaded into the networks of d3rlpy."""
    config, saved = SMALL, made(SMALL, fast=True)
    updates(saved, config.batch_size, 3)
    fresh = made(config, fast=True)
    for name, network in fresh.impl.modules.get_torch_modules().items():
        network.load_state_dict(getattr(saved.impl.modules, name).state_dict())
    inputs = torch.randn(6, OBS + ACT, generator=torch.Generator().manual_seed(0))
    for name in ("critics", "target_critics"):
        pairs = zip(getattr(fresh.impl, name), getattr(saved.impl, name), strict=True)
        for found, expected in pairs:
            assert torch.equal(found(inputs)[0], expected(inputs)[0])


def test_a_critic_is_its_network() -> None:
    """Values, gradients of weights and gradient of inputs: those of autograd through d3rlpy's network."""
    algorithm = made(replace(SMALL, layers=3), fast=True)
    [network, _], [critic, _] = algorithm.impl.modules.q_funcs, algorithm.impl.critics
    generator = torch.Generator().manual_seed(0)
    states, actions = (
        torch.randn(9, OBS, generator=generator),
        torch.randn(9, ACT, generator=generator),
    )
    inputs = torch.cat([states, actions], dim=1).requires_grad_()
    values = network(inputs[:, :OBS], inputs[:, OBS:]).q_value[:, 0]
    weights = list(network.parameters())
    slope, *expected = torch.autograd.grad(values.square().sum(), [inputs, *weights])
    with torch.no_grad():
        found, hidden = critic(inputs.detach())
        torch.testing.assert_close(found, values)
        torch.testing.assert_close(critic.slope(hidden, 2 * found), slope)
        critic.learn(hidden, 2 * found)
        critic.learn(hidden, 2 * found)  # sets gradients, does not add to them
    for weight, gradient in zip(weights, expected, strict=True):
        assert gradient.abs().max() > 0
        torch.testing.assert_close(weight.grad, gradient)


def test_the_density_of_an_action() -> None:
    """torch's own transformed distribution gives the same; and by hand: with standard deviation 1, mean 0 and noise 0
    the action is 0, where the slope of tanh is 1, so the density is 1 / sqrt(2 pi).
    """
    mean, logstd = torch.tensor([[0.3, -1.0]]), torch.tensor([[-0.5, 0.4]])
    noise = torch.randn(6, 1, 2, generator=torch.Generator().manual_seed(0))
    actions, log_densities = squashed_gaussian(mean, logstd, noise)
    normal = torch.distributions.Normal(mean, logstd.exp())
    squashed = torch.distributions.TransformedDistribution(
        normal, torch.distributions.TanhTransform()
    )
    torch.testing.assert_close(log_densities, squashed.log_prob(actions).sum(-1), rtol=1e-3, atol=0)
    nothing = torch.zeros(1)
    action, log_density = squashed_gaussian(nothing, nothing, nothing)
    assert action.item() == 0
    assert log_density.item() == pytest.approx(-0.5 * np.log(2 * np.pi))
