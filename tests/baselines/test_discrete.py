"""CQL with discrete actions, whatever the observations: its target, its checkpoint, what acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from d3rlpy.algos.qlearning.torch.dqn_impl import DQNImpl
from torch import Tensor

from baselines import _discrete, discrete_cql
from bench.methods.context import SNAPSHOTS
from bench.methods.training import fit
from tests.helpers.discrete import CHOICES, SIZE, make_choices, shown
from tests.helpers.dt import make_context, saved_bytes

SMALL = discrete_cql.Config(
    layers=2, width=16, batch_size=32, learning_rate=1e-2, target_interval=5
)
AVERAGED = replace(SMALL, average_decay=0.9, schedule="cosine")
NO_REWARD = np.zeros(3, dtype=np.float32)


def algorithm_of(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that fills with the d3rlpy algorithms that are created."""
    created: list[Any] = []
    create = discrete_cql._create

    def spy(*given: Any) -> Any:
        created.append(create(*given))
        return created[-1]

    monkeypatch.setattr(discrete_cql, "_create", spy)
    return created


def copies(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the updates after which the target is copied."""
    steps: list[int] = []
    copied, inner = DQNImpl.update_target, d3rlpy.algos.DiscreteCQL.update
    latest = [0]

    def update(self: Any, batch: Any) -> Any:
        latest[0] += 1
        return inner(self, batch)

    def update_target(self: Any) -> None:
        steps.append(latest[0])
        copied(self)

    monkeypatch.setattr(d3rlpy.algos.DiscreteCQL, "update", update)
    monkeypatch.setattr(DQNImpl, "update_target", update_target)
    return steps


@pytest.mark.parametrize(
    ("interval", "expected"), [(5, [5, 10]), (1, [*range(1, 13)]), (13, []), (12, [12])]
)
def test_the_target_is_copied_each_so_many_updates(
    interval: int, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, created = copies(monkeypatch), algorithm_of(monkeypatch)
    discrete_cql.train(
        make_choices(), replace(SMALL, target_interval=interval), make_context(steps=12)
    )
    assert steps == expected
    modules = created[0].impl.modules
    pairs = zip(modules.q_funcs.parameters(), modules.targ_q_funcs.parameters(), strict=True)
    assert all(torch.equal(now, target) for now, target in pairs) == (12 in expected)


@pytest.mark.parametrize("config", [SMALL, AVERAGED], ids=["d3rlpy", "averaged, falling rate"])
@pytest.mark.parametrize("stop", [4, 8, 11])
def test_a_stopped_run_goes_on_with_the_same_numbers(
    stop: int,
    config: discrete_cql.Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Copies at 5, 10, ..., and not so many updates after it went on."""

    def stopping(update: Callable[..., Tensor], *rest: Any) -> None:
        def stopped(step: int, generator: np.random.Generator) -> Tensor:
            if step == stop:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(stopped, *rest)

    def train(name: str) -> Any:
        context = make_context(
            steps=14, folder=tmp_path / name, save_every=0.0, snapshot_steps=(10, 12)
        )
        return discrete_cql.train(make_choices(), config, context), context.losses

    whole, losses = train("whole")
    with monkeypatch.context() as patch:
        patch.setattr(_discrete, "fit", stopping)
        with pytest.raises(KeyboardInterrupt):
            train("cut")
    resumed, again = train("cut")
    assert again == losses
    assert len(losses) == 14
    assert saved_bytes(resumed, tmp_path / "a") == saved_bytes(whole, tmp_path / "b")
    for step in (0, 10, 12):
        kept = [
            tmp_path / name / SNAPSHOTS / f"{step:08d}.safetensors" for name in ("whole", "cut")
        ]
        assert kept[0].read_bytes() == kept[1].read_bytes()


def test_everything_that_it_changes_is_in_its_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    created = algorithm_of(monkeypatch)
    monkeypatch.setattr(_discrete, "fit", lambda *arguments: given.extend(arguments))
    discrete_cql.train(make_choices(), SMALL, make_context(steps=1))
    _, modules, optimisers, _, _ = given
    impl = created[0].impl
    assert set(modules.values()) == {impl.modules.q_funcs, impl.modules.targ_q_funcs}
    [optimiser] = optimisers.values()
    optimised = {parameter for group in optimiser.param_groups for parameter in group["params"]}
    assert optimised == set(impl.modules.q_funcs.parameters())


@pytest.mark.parametrize("layers", [1, 2, 4, 6])
def test_it_takes_d3rlpys_greedy_action(
    layers: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    created, data = algorithm_of(monkeypatch), make_choices()
    policy = discrete_cql.train(data, replace(SMALL, layers=layers), make_context(steps=20))
    observations = np.concatenate([seen for seen, _ in shown(60)])
    flat = observations.reshape(len(observations), SIZE)
    standard = (flat - data.observation_mean.ravel()) / (data.observation_std.ravel() + 1e-3)
    standard = standard.astype(np.float32)
    expected = created[0].predict(standard)
    no_reward = np.zeros(len(observations), dtype=np.float32)
    found = policy.act(observations, no_reward)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == np.int64
    with torch.no_grad():
        values = policy.values(torch.from_numpy(standard)).numpy()
    for choice in range(CHOICES):
        theirs = created[0].predict_value(standard, np.full(len(standard), choice))
        np.testing.assert_allclose(values[:, choice], theirs, rtol=1e-5, atol=1e-6)

    policy.save(tmp_path / "policy")
    loaded = discrete_cql.load(tmp_path / "policy", "cpu")
    assert isinstance(loaded, _discrete.GreedyPolicy)
    np.testing.assert_array_equal(loaded.act(observations, no_reward), found)


def test_the_average_of_the_weights_acts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The learned network differs from the one that acts, unless the decay is 0."""
    created = algorithm_of(monkeypatch)
    for decay in (0.0, 0.9):
        policy = discrete_cql.train(
            make_choices(), replace(SMALL, average_decay=decay), make_context(steps=12)
        )
        learned = _discrete.values_of(created[-1].impl.modules.q_funcs[0], SMALL.quantiles)
        pairs = zip(policy.values.parameters(), learned.parameters(), strict=True)
        assert all(torch.equal(acts, learns) for acts, learns in pairs) == (decay == 0)


def test_the_policy_is_a_copy() -> None:
    """So that one kept earlier does not learn on."""
    with torch.random.fork_rng(devices=[]):
        algorithm = discrete_cql._create(SMALL, SIZE, CHOICES, "cpu")
    before = torch.get_rng_state()
    values = _discrete.values_of(algorithm.impl.modules.q_funcs[0], SMALL.quantiles)
    assert torch.equal(torch.get_rng_state(), before), "torch's generator was used"
    kept = values[0].weight.clone()
    with torch.no_grad():
        for parameter in algorithm.impl.modules.q_funcs.parameters():
            parameter += 1
    assert torch.equal(values[0].weight, kept)


def test_values_that_are_not_finite_are_no_actions() -> None:
    policy = discrete_cql.train(make_choices(), SMALL, make_context(steps=1))
    with torch.no_grad():
        policy.values[0].weight[:] = torch.nan  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="not finite"):
        policy.act(shown(1)[0][0], NO_REWARD)


# --- networks and actions by hand ---------------------------------------------------------------


def fixed(epsilon: float = 0.0) -> _discrete.GreedyPolicy:
    """A policy of one observation x, whose actions have the values x, 0.5 and -x."""
    values = _discrete.network([(3, 1)])
    with torch.no_grad():
        values[0].weight[:] = torch.tensor([[1.0], [0.0], [-1.0]])  # type: ignore[union-attr]
        values[0].bias[:] = torch.tensor([0.0, 0.5, 0.0])  # type: ignore[union-attr]
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    return _discrete.GreedyPolicy(values, zero, one - np.float32(1e-3), "cpu", epsilon)


def test_the_action_of_the_highest_value_is_taken() -> None:
    policy = fixed()
    policy.reset(np.arange(3), NO_REWARD)
    shown_to_it = np.array([[2.0], [0.1], [-2.0]], dtype=np.float32)
    assert policy.act(shown_to_it, NO_REWARD).tolist() == [0, 1, 2]


def test_a_random_action_comes_of_the_episodes_own_seed() -> None:
    policy, count = fixed(epsilon=1.0), 3000
    nothing = np.zeros(count, dtype=np.float32)
    policy.reset(np.arange(count), nothing)
    acted = policy.act(np.full((count, 1), 2.0, np.float32), nothing)
    assert np.abs(np.bincount(acted) - 1000).max() < 4 * np.sqrt(count * 2 / 9)
    policy.reset(np.array([7]), nothing[:1])
    assert policy.act(np.full((1, 1), 2.0, np.float32), nothing[:1]) == acted[7]


def test_the_layers_of_these_weights() -> None:
    with torch.random.fork_rng(devices=[]):
        plain = _discrete.network([(5, 2), (3, 5)])
        images = _discrete.network([(8, 4, 8, 8), (6, 8, 4, 4), (9, 24), (2, 9)])
    kinds = [type(layer).__name__ for layer in plain]
    assert kinds == ["Linear", "ReLU", "Linear"]
    kinds = [type(layer).__name__ for layer in images]
    assert kinds == ["Conv2d", "ReLU", "Conv2d", "ReLU", "Flatten", "Linear", "ReLU", "Linear"]
    assert [layer.stride for layer in images if hasattr(layer, "stride")] == [(4, 4), (2, 2)]
    assert images(torch.zeros(1, 4, 28, 28)).shape == (1, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, not 0"),
        ({"target_interval": 0}, "target_interval must be at least 1, not 0"),
        ({"quantiles": -1}, "quantiles must not be negative, not -1"),
        ({"epsilon": -0.1}, r"epsilon must be at least 0 and at most 1, not -0\.1"),
        ({"epsilon": 1.1}, r"epsilon must be at least 0 and at most 1, not 1\.1"),
    ],
)
def test_settings_without_meaning_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _discrete.DiscreteConfig(**options)
