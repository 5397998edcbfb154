"""Which episodes %BC learns from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baselines import bc, percent_bc
from bench.datasets.trajectories import Trajectories
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.methods.networks import arrays_of
from tests.helpers.discrete import whole_episodes
from tests.helpers.dt import make_context, make_data, numbered, saved_bytes

# Episodes of 2, 5, 3 and 10 steps, returns 8, 10, -3 and 9; all their steps are 20. Discounted with
# 0.99, or per step, they would rank otherwise.
LENGTHS = (2, 5, 3, 10)
RETURNS = (8, 10, -3, 9)


def ranked() -> Trajectories:
    rewards: list[float] = []
    for length, total in zip(LENGTHS, RETURNS, strict=True):
        rewards += [0.0] * (length - 1) + [total]
    return numbered(LENGTHS, rewards)


@pytest.mark.parametrize(
    ("percent", "kept"),
    [
        (1, [1]),  # at least one episode
        (24.9, [1]),
        (25, [1]),  # the 5 steps of episode 1 fit exactly
        (74.9, [1]),  # the next best, episode 3, does not fit: stop there, do not look further
        (75, [1, 3]),
        (84.9, [1, 3]),
        (85, [0, 1, 3]),
        (99.9, [0, 1, 3]),
        (100, [0, 1, 2, 3]),
    ],
)
def test_percent_bc_trains_on_the_best_share_of_the_steps(
    percent: float, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Trajectories, bc.Config]] = []
    monkeypatch.setattr(bc, "train", lambda data, config, context: seen.append((data, config)))
    config = percent_bc.Config(top_percent=percent, width=7, layers=2)
    percent_bc.train(ranked(), config, make_context())
    [(data, given)] = seen
    expected = [row for row in ranked().actions.tolist() if row[1] in kept]
    assert data.actions.tolist() == expected
    assert data.lengths.tolist() == [LENGTHS[episode] for episode in kept]
    assert given is config
    np.testing.assert_array_equal(data.observation_mean, ranked().observation_mean)
    np.testing.assert_array_equal(data.observation_std, ranked().observation_std)


def test_percent_bc_of_everything_is_bc() -> None:
    fields: dict[str, Any] = {"width": 16, "batch_size": 8}
    everything = percent_bc.train(
        make_data(), percent_bc.Config(top_percent=100, **fields), make_context()
    )
    plain = bc.train(make_data(), bc.Config(**fields), make_context())
    first, second = arrays_of(everything.network, ""), arrays_of(plain.network, "")
    assert all(np.array_equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("percent", [0, -5, 100.5])
def test_percent_bc_refuses_other_shares(percent: float) -> None:
    with pytest.raises(ValueError, match=f"top_percent must be above 0 .*, not {percent}"):
        percent_bc.Config(top_percent=percent)


def winning() -> Trajectories:
    """Five episodes with returns 1, 0, 2.5, -1 and 1."""
    rewards = np.array([[0, 1], [0, 0], [3, -0.5], [0, -1], [1, 0]])
    observations = np.arange(10, dtype=np.uint8).reshape(5, 2, 1)
    return whole_episodes(observations, np.arange(10).reshape(5, 2) % 3, rewards, n_actions=3)


@pytest.mark.parametrize(
    ("above", "kept"),
    [(0, [0, 2, 4]), (-1, [0, 1, 2, 4]), (1, [2]), (-5.5, [0, 1, 2, 3, 4]), (0.999, [0, 2, 4])],
)
def test_percent_bc_takes_the_episodes_above_a_return(
    above: float, kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(bc, "train", lambda data, config, context: seen.append((data, config)))
    config = percent_bc.Config(min_return=above, width=7, temperature=0.25)
    percent_bc.train(winning(), config, make_context())
    [(data, given)] = seen
    assert data.observations[::2, 0].tolist() == [2 * episode for episode in kept]
    assert data.episodes == len(kept)
    assert given is config
    np.testing.assert_array_equal(data.observation_mean, winning().observation_mean)


def test_percent_bc_without_such_an_episode_says_so() -> None:
    with pytest.raises(
        ValueError, match=r"no episode .* has a return above 2\.5: the best is 2\.5"
    ):
        percent_bc.train(winning(), percent_bc.Config(min_return=2.5), make_context())


def test_percent_bc_by_share_takes_the_best_of_discrete_data_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[Any] = []
    monkeypatch.setattr(bc, "train", lambda data, config, context: given.append(data))
    percent_bc.train(winning(), percent_bc.Config(top_percent=20), make_context())
    assert given[0].observations.ravel().tolist() == [4, 5]
    assert load_method("percent_bc").configure({"min_return": 0}).min_return == 0.0


def test_a_share_and_a_bound_on_returns_exclude_each_other() -> None:
    with pytest.raises(BadMethod, match="top_percent 25 does not apply: set one of the two"):
        load_method("percent_bc").configure({"top_percent": 25, "min_return": 0})


@pytest.mark.parametrize("options", [{"top_percent": 40.0}, {"min_return": -100.0}])
def test_percent_bc_keeps_its_whole_configuration(options: Any, tmp_path: Path) -> None:
    config = percent_bc.Config(width=8, history=2, **options)
    policy = percent_bc.train(make_data(), config, make_context(steps=1))
    saved_bytes(policy, tmp_path)
    loaded = percent_bc.load(tmp_path / "policy.safetensors", "cpu")
    assert loaded.config == policy.config == config
    assert isinstance(loaded.config, bc.Config)


# --- equal returns --------------------------------------------------------------------------------


def chosen(
    returns: list[int], lengths: list[int], percent: float, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """Return the episodes that %BC trains on."""
    rewards: list[float] = []
    for total, length in zip(returns, lengths, strict=True):
        rewards += [0.0] * (length - 1) + [total]
    seen: list[Trajectories] = []
    with monkeypatch.context() as patch:
        patch.setattr(bc, "train", lambda data, config, context: seen.append(data))
        config = percent_bc.Config(top_percent=percent)
        percent_bc.train(numbered(tuple(lengths), rewards), config, make_context())
    return sorted({int(episode) for episode in seen[0].actions[:, 1]})


def taken_from_the_end(returns: list[int], lengths: list[int], share: float) -> list[int]:
    """The rule of the authors' code (github.com/kzl/decision-transformer at e2d82e6,
    gym/experiment.py): episodes are ranked from the lowest return to the highest, equal ones stay in
    the order of the data, and are taken from the end of the ranking for as long as they fit; the
    first always is.
    """
    ranking = sorted(range(len(returns)), key=lambda episode: returns[episode])
    allowed = max(int(share * sum(lengths)), 1)
    taken = [ranking.pop()]
    while ranking and sum(lengths[e] for e in [*taken, ranking[-1]]) <= allowed:
        taken.append(ranking.pop())
    return sorted(taken)


def test_of_equal_returns_the_last_episodes_of_the_data_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of ten steps: 40 % are the last two of five equal episodes; with one better than these, it and
    the last.
    """
    assert chosen([1] * 5, [2] * 5, 40, monkeypatch) == [3, 4]
    assert chosen([1, 9, 1, 1, 1], [2] * 5, 40, monkeypatch) == [1, 4]
    # the last of the equal ones does not fit, so the one before it is not looked at
    assert chosen([0, 5, 9, 5], [1, 1, 2, 6], 40, monkeypatch) == [2]


@given(
    episodes=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 6)), min_size=1, max_size=12),
    percent=st.sampled_from([10.0, 25.0, 40.0]),
)
def test_the_choice_is_that_of_the_authors_code(
    episodes: list[tuple[int, int]], percent: float
) -> None:
    """Returns are 0, 1 or 2, as in Key-to-Door: nearly all are equal to others."""
    returns, lengths = (list(column) for column in zip(*episodes, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        found = chosen(returns, lengths, percent, patch)
    assert found == taken_from_the_end(returns, lengths, percent / 100)
