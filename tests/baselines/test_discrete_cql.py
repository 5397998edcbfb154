"""CQL with discrete actions: what d3rlpy is given, and what it learns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import d3rlpy
import numpy as np
import pytest
import torch

from baselines import discrete_cql
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from tests.helpers.discrete import CHOICES, SIZE, make_choices
from tests.helpers.dt import make_context

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


# --- what it learns from ------------------------------------------------------------------------


def test_it_learns_from_true_transitions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Episodes end in turn with a terminal and with a time-out. After a time-out comes the episode's
    final observation, a terminal has no future.
    """
    data = make_choices((5, 1, 1, 7, 3, 4))
    batches = spy_on_updates(monkeypatch)
    discrete_cql.train(data, SMALL, make_context(steps=40))
    flat = data.observations.reshape(data.steps, SIZE)
    mean, std = data.observation_mean.ravel(), data.observation_std.ravel()
    standard = ((flat - mean) / (std + 1e-3)).astype(np.float32)
    final = data.final_observations.reshape(data.episodes, SIZE)  # type: ignore[union-attr]
    final = ((final - mean) / (std + 1e-3)).astype(np.float32)
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
        ended, cut = data.terminals[rows], data.timeouts[rows]
        assert not batch.next_observations[ended].any()
        goes_on = ~(ended | cut)
        np.testing.assert_array_equal(batch.next_observations[goes_on], standard[rows[goes_on] + 1])
        episodes = np.searchsorted(data.episode_starts, rows[cut], side="right") - 1
        np.testing.assert_array_equal(batch.next_observations[cut], final[episodes])
        assert (batch.intervals == 1).all()
    assert drawn == set(range(data.steps))


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
