"""CQL with discrete actions: what d3rlpy is given, when its target is copied, what acts, what it learns."""

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
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from bench.methods.context import SNAPSHOTS
from bench.methods.training import fit
from tests.helpers.discrete import CHOICES, SIZE, make_choices, shown
from tests.helpers.dt import make_context, saved_bytes

SMALL = discrete_cql.Config(
    layers=2, width=16, batch_size=32, learning_rate=1e-2, target_interval=5
)
NO_REWARD = np.zeros(3, dtype=np.float32)


def spy_on_updates(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that fills with d3rlpy's mini-batches; nothing is learned."""
    batches: list[Any] = []

    def update(self: Any, batch: Any) -> dict[str, float]:
        batches.append(batch)
        return {"loss": 0.0}

    monkeypatch.setattr(d3rlpy.algos.DiscreteCQL, "update", update)
    return batches


def algorithm_of(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return a list that fills with the d3rlpy algorithms that are created."""
    created: list[Any] = []
    create = discrete_cql._create

    def spy(*given: Any) -> Any:
        created.append(create(*given))
        return created[-1]

    monkeypatch.setattr(discrete_cql, "_create", spy)
    return created


# --- what it learns from ------------------------------------------------------------------------


def test_it_learns_from_true_transitions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Episodes end in turn with a terminal and with a time-out. What a time-out cuts is never
    drawn, a terminal has no future.
    """
    data = make_choices((5, 1, 1, 7, 3, 4))
    batches = spy_on_updates(monkeypatch)
    discrete_cql.train(data, SMALL, make_context(steps=40))
    flat = data.observations.reshape(data.steps, SIZE)
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    standard = ((flat - mean) / (std + 1e-3)).astype(np.float32)
    row_of = {tuple(observation): row for row, observation in enumerate(standard.tolist())}
    assert len(row_of) == data.steps
    drawn = set()
    for batch in batches:
        assert (batch.observations.shape, batch.actions.shape) == ((32, SIZE), (32, 1))
        rows = np.array([row_of[tuple(observation)] for observation in batch.observations.tolist()])
        drawn |= set(rows.tolist())
        np.testing.assert_array_equal(batch.actions[:, 0], data.actions[rows])
        np.testing.assert_array_equal(batch.rewards[:, 0], data.rewards[rows])
        np.testing.assert_array_equal(batch.terminals[:, 0], data.terminals[rows])
        ended = data.terminals[rows]
        assert not batch.next_observations[ended].any()
        np.testing.assert_array_equal(batch.next_observations[~ended], standard[rows[~ended] + 1])
        assert (batch.intervals == 1).all()
    assert drawn == set(np.flatnonzero(~data.timeouts).tolist())


def test_without_any_transition_it_says_so() -> None:
    data = make_choices((1, 1))
    cut = replace(data, terminals=data.terminals & False, timeouts=data.timeouts | True)
    with pytest.raises(ValueError, match="CQL has no transition"):
        discrete_cql.train(cut, SMALL, make_context(steps=1))


def test_options_reach_d3rlpy() -> None:
    with torch.random.fork_rng(devices=[]):
        algorithm = discrete_cql._create(
            discrete_cql.Config(
                layers=2,
                width=9,
                batch_size=4,
                learning_rate=2e-1,
                conservative_weight=4.0,
                discount=0.7,
                target_interval=77,
            ),
            SIZE,
            CHOICES,
            "cpu",
        )
    config = algorithm.config
    assert isinstance(config, d3rlpy.algos.DiscreteCQLConfig)
    assert (config.learning_rate, config.alpha, config.gamma) == (0.2, 4.0, 0.7)
    assert (config.target_update_interval, config.batch_size) == (77, 4)
    assert config.encoder_factory.hidden_units == [9, 9]
    assert (
        discrete_cql.Config().target_interval
        == d3rlpy.algos.DiscreteCQLConfig().target_update_interval
    )
    with pytest.raises(ValueError, match="target_interval must be at least 1, not 0"):
        discrete_cql.Config(target_interval=0)


# --- the target ---------------------------------------------------------------------------------


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


@pytest.mark.parametrize("stop", [4, 8, 11])
def test_a_stopped_run_goes_on_with_the_same_numbers(
    stop: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        return discrete_cql.train(make_choices(), SMALL, context), context.losses

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


# --- what acts ----------------------------------------------------------------------------------


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


def test_the_policy_is_a_copy() -> None:
    """So that one kept earlier does not learn on."""
    with torch.random.fork_rng(devices=[]):
        algorithm = discrete_cql._create(SMALL, SIZE, CHOICES, "cpu")
    before = torch.get_rng_state()
    values = _discrete.values_of(algorithm, SMALL.quantiles)
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


# --- what it learns -------------------------------------------------------------------------------


def two_steps() -> Trajectories:
    """Uniform play of a choice: 0 ends it with 0.5, 1 leads on, where 1 earns 1 and 0 nothing."""
    random = np.random.default_rng(0)
    rows: list[tuple[int, int, float, bool]] = []  # place, action, reward, over
    for _ in range(200):
        first, second = random.integers(2, size=2)
        rows += (
            [(0, 1, 0.0, False), (1, second, float(second), True)] if first else [(0, 0, 0.5, True)]
        )
    place, action, reward, over = (np.array(column) for column in zip(*rows, strict=True))
    return from_arrays(
        place[:, None].astype(np.uint8),
        action,
        reward.astype(np.float32),
        over,
        np.zeros_like(over),
        action_range=(0, 1),
        discrete=True,
    )


@pytest.mark.parametrize(("discount", "first"), [(0.99, 1), (0.4, 0)], ids=["patient", "greedy"])
def test_it_plans_a_step_ahead(discount: float, first: int) -> None:
    """Half of the data do the one thing and half the other; only values tell."""
    config = replace(SMALL, conservative_weight=0.1, discount=discount, target_interval=20)
    policy = discrete_cql.train(two_steps(), config, make_context(steps=300))
    actions = policy.act(np.array([[0], [1]], dtype=np.uint8), NO_REWARD[:2])
    assert actions.tolist() == [first, 1]
