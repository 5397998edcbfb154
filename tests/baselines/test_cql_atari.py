"""CQL on stacks of frames: what d3rlpy is given, that its update is d3rlpy's own, what acts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch
from d3rlpy.algos.qlearning.torch.dqn_impl import DQNImpl
from torch import nn

from baselines import _discrete, cql_atari
from baselines._d3rlpy import update_of
from bench.datasets.build import from_arrays
from bench.datasets.frames import statistics
from bench.datasets.trajectories import Trajectories
from bench.methods.training import Update
from tests.helpers.atari import CHOICES, SIDE, STACK, make_frames, shown
from tests.helpers.discrete import play
from tests.helpers.dt import make_context, saved_bytes

SMALL = cql_atari.Config(
    batch_size=16,
    learning_rate=1e-3,
    adam_epsilon=1e-8,
    conservative_weight=5.0,
    target_interval=3,
    features=32,
    quantiles=5,
    epsilon=0.0,
)
SEEN = (STACK, SIDE, SIDE)


def created(config: cql_atari.Config = SMALL) -> Any:
    """Return an algorithm with the weights of one seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        return cql_atari._create(config, SEEN, CHOICES, "cpu")


def by_hand(config: cql_atari.Config) -> Any:
    """Return what `created` returns, by d3rlpy's own options alone."""
    functions = d3rlpy.models.q_functions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        algorithm = d3rlpy.algos.DiscreteCQLConfig(
            learning_rate=config.learning_rate,
            optim_factory=d3rlpy.optimizers.AdamFactory(eps=config.adam_epsilon),
            encoder_factory=d3rlpy.models.encoders.PixelEncoderFactory(
                feature_size=config.features
            ),
            q_func_factory=functions.QRQFunctionFactory(n_quantiles=config.quantiles)
            if config.quantiles
            else functions.MeanQFunctionFactory(),
            observation_scaler=d3rlpy.preprocessing.PixelObservationScaler(),
            batch_size=config.batch_size,
            alpha=config.conservative_weight,
            target_update_interval=config.target_interval,
        ).create(device="cpu:0")
        algorithm.create_impl(SEEN, CHOICES)
    return algorithm


def update_for(algorithm: Any, data: Trajectories, config: cql_atari.Config) -> Update:
    """Return the update that `train` takes."""
    transitions = cql_atari.stacks_of(data, config.standardise_frames)
    return update_of(algorithm, data, *transitions, batch_size=config.batch_size, loss="loss")


# --- what it learns from ------------------------------------------------------------------------


@pytest.mark.parametrize("known", [True, False], ids=["final frames", "no final frames"])
def test_it_learns_from_true_transitions_only(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time-out comes the episode's final frame; where it is not known the step is left out."""
    data = make_frames((5, 1, 1, 7, 3, 4))
    data = data if known else replace(data, final_observations=None)
    batches: list[Any] = []

    def update(self: Any, batch: Any) -> dict[str, float]:
        batches.append(batch)
        return {"loss": 0.0}

    monkeypatch.setattr(d3rlpy.algos.DiscreteCQL, "update", update)
    cql_atari.train(data, SMALL, make_context(steps=30))
    stacks = data.stacked(np.arange(data.steps)).astype(np.float32)
    row_of = {stack.tobytes(): row for row, stack in enumerate(stacks)}
    assert len(row_of) == data.steps
    drawn = set()
    for batch in batches:
        assert batch.observations.shape == (16, *SEEN)
        for i, stack in enumerate(batch.observations):
            row = row_of[stack.tobytes()]
            drawn.add(row)
            assert batch.actions[i] == data.actions[row]
            assert batch.rewards[i] == data.rewards[row]
            assert batch.terminals[i] == data.terminals[row]
            if data.timeouts[row]:
                episode = int(np.searchsorted(data.episode_starts, row, side="right")) - 1
                newest = data.final_observations[episode]
                np.testing.assert_array_equal(batch.next_observations[i, -1], newest)
                np.testing.assert_array_equal(batch.next_observations[i, :-1], stack[1:])
            elif not data.terminals[row]:
                np.testing.assert_array_equal(batch.next_observations[i], stacks[row + 1])
    everything = np.arange(data.steps) if known else np.flatnonzero(~data.timeouts)
    assert drawn == set(everything.tolist())


# --- the update ---------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [SMALL, replace(SMALL, quantiles=0)], ids=["quantiles", "mean"])
def test_its_updates_are_d3rlpys(config: cql_atari.Config) -> None:
    """Seven of them, with two copies to the target: losses and weights."""
    data, results = make_frames(), []
    for algorithm in (created(config), by_hand(config)):
        update = update_for(algorithm, data, config)
        random = np.random.default_rng(0)
        losses = [update(step, random).item() for step in range(1, 8)]
        results.append((losses, algorithm.impl.modules))
    (losses, ours), (expected, theirs) = results
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert np.ptp(losses) > 0.01
    for part in ("q_funcs", "targ_q_funcs"):
        pairs = zip(
            getattr(ours, part).parameters(), getattr(theirs, part).parameters(), strict=True
        )
        for one, other in pairs:
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_bfloat16_stays_near() -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        config = replace(SMALL, precision=precision)
        update = update_for(created(config), make_frames(), config)
        losses.append(update(1, np.random.default_rng(0)).item())
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    assert losses[0] != losses[1]


def test_features_asked_for_twice_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a gradient once, for the error and the conservative term; without twice, by the network
    and by its target. No step sees another's.
    """
    convolved: list[bool] = []
    run = nn.Conv2d.forward

    def spy(self: Any, x: Any) -> Any:
        convolved.append(torch.is_grad_enabled())
        return run(self, x)

    monkeypatch.setattr(nn.Conv2d, "forward", spy)
    algorithm = created()
    convolved.clear()
    update = update_for(algorithm, make_frames(), SMALL)
    for step in (1, 2):
        convolved.clear()
        update(step, np.random.default_rng(step))
        assert (convolved.count(True), convolved.count(False)) == (3, 6)


def test_published_settings_are_the_defaults_and_reach_d3rlpy() -> None:
    """Those of d3rlpy's reproductions/offline/discrete_cql.py."""
    with torch.random.fork_rng(devices=[]):
        algorithm = cql_atari._create(cql_atari.Config(), (4, 84, 84), 18, "cpu")
    config = algorithm.config
    assert (config.learning_rate, config.alpha, config.gamma) == (5e-5, 4.0, 0.99)
    assert (config.target_update_interval, config.batch_size) == (2000, 32)
    assert config.optim_factory.eps == 1e-2 / 32
    assert config.q_func_factory.n_quantiles == 200
    [function] = algorithm.impl.modules.q_funcs
    shapes = [tuple(weight.shape) for weight in function.parameters() if weight.ndim > 1]
    convolutions = [(32, 4, 8, 8), (64, 32, 4, 4), (64, 64, 3, 3)]
    assert shapes == [*convolutions, (512, 3136), (18 * 200, 512)]
    with pytest.raises(ValueError, match="quantiles must not be negative, not -1"):
        cql_atari.Config(quantiles=-1)


# --- acting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("quantiles", [0, 5])
def test_what_acts_is_d3rlpys_function(quantiles: int, tmp_path: Path) -> None:
    config = replace(SMALL, quantiles=quantiles)
    algorithm, data = created(config), make_frames()
    update = update_for(algorithm, data, config)
    for step in range(1, 4):
        update(step, np.random.default_rng(step))
    stacks = data.stacked(np.arange(data.steps))
    values = _discrete.values_of(algorithm.impl.modules.q_funcs[0], config.quantiles)
    with torch.no_grad():
        found = values(torch.from_numpy(stacks / 255).float()).numpy()
    for action in range(CHOICES):
        chosen = np.full(data.steps, action)
        expected = algorithm.predict_value(stacks.astype(np.float32), chosen)
        np.testing.assert_allclose(found[:, action], expected, atol=1e-5)
    assert found.std() > 0.005
    policy = _discrete.GreedyPolicy(values, data.observation_mean, data.observation_std, "cpu")
    acted = policy.act(stacks, np.zeros(data.steps, dtype=np.float32))
    np.testing.assert_array_equal(acted, algorithm.predict(stacks.astype(np.float32)))
    saved = saved_bytes(policy, tmp_path)
    loaded = cql_atari.load(tmp_path / "policy.safetensors", "cpu")
    np.testing.assert_array_equal(play(loaded, shown(5)), play(policy, shown(5)))
    assert saved_bytes(loaded, tmp_path / "again") == saved


def test_now_and_then_any_action() -> None:
    """In half of the draws; of three actions each is then one in three, the best one more."""
    policy = cql_atari.train(make_frames(), replace(SMALL, epsilon=0.5), make_context(steps=2))
    count, stack = 3000, shown(1, num_envs=1)[0][0]
    policy.reset(np.arange(count), np.zeros(count, dtype=np.float32))
    nothing = np.zeros(count, dtype=np.float32)
    acted = policy.act(np.repeat(stack, count, axis=0), nothing)
    frequency = np.sort(np.bincount(acted, minlength=CHOICES) / count)
    np.testing.assert_allclose(frequency, [1 / 6, 1 / 6, 2 / 3], atol=4 * 0.5 / np.sqrt(count))
    policy.reset(np.arange(7, 8), nothing[:1])
    assert policy.act(stack, nothing[:1]) == acted[7]
    with pytest.raises(ValueError, match=r"epsilon must be .*, not 1\.5"):
        cql_atari.Config(epsilon=1.5)


def test_the_target_is_copied_each_so_many_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[int] = []
    monkeypatch.setattr(DQNImpl, "update_target", lambda self: copied.append(1))
    cql_atari.train(make_frames(), SMALL, make_context(steps=10))
    assert len(copied) == 3


def test_it_learns_what_pays() -> None:
    """In the dark action 0 pays, in the light action 2, each once; an episode is one step."""
    random = np.random.default_rng(0)
    light, actions = random.random(200) < 0.5, random.integers(0, 3, 200)
    rewards = (actions == np.where(light, 2, 0)).astype(np.float32)
    data: Trajectories = from_arrays(
        np.where(light, 255, 0).astype(np.uint8)[:, None, None].repeat(36, 1).repeat(36, 2),
        actions,
        rewards,
        np.ones(200, dtype=np.bool_),
        np.zeros(200, dtype=np.bool_),
        action_range=(0, 2),
        discrete=True,
        stack=STACK,
    )
    config = replace(SMALL, conservative_weight=0.01, batch_size=32)
    policy = cql_atari.train(data, config, make_context(steps=60))
    acted = policy.act(data.stacked(np.arange(200)), np.zeros(200, dtype=np.float32))
    np.testing.assert_array_equal(acted, np.where(light, 2, 0))


# --- standardised frames ------------------------------------------------------------------------


def test_standardised_frames_are_learned_from_and_acted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, config = make_frames(), replace(SMALL, standardise_frames=True)
    mean, std = statistics(data.observations)
    rows = np.arange(data.steps)
    standard = ((data.stacked(rows) - mean) / std).astype(np.float32)
    usable, pairs = cql_atari.stacks_of(data, standardise=True)
    now, following = pairs(usable)
    np.testing.assert_array_equal(now, standard[usable])
    goes_on = ~(data.terminals | data.timeouts)
    np.testing.assert_array_equal(following[goes_on], standard[1:][goes_on[:-1]])

    shown_to_network: list[Any] = []

    def spy(network: Any, states: Any, device: str) -> Any:
        shown_to_network.append(states)
        return np.zeros((len(states), CHOICES))

    policy = cql_atari.train(data, config, make_context(steps=2))
    with monkeypatch.context() as patch:
        patch.setattr(_discrete, "predict", spy)
        policy.act(data.stacked(rows), np.zeros(data.steps, dtype=np.float32))
    np.testing.assert_array_equal(shown_to_network[0], standard)

    saved_bytes(policy, tmp_path)
    loaded = cql_atari.load(tmp_path / "policy.safetensors", "cpu")
    np.testing.assert_array_equal(loaded.mean, mean[None])
    assert created(config).config.observation_scaler is None
    np.testing.assert_array_equal(play(loaded, shown(5)), play(policy, shown(5)))
