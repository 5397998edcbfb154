"""Discrete actions and observations of bytes in the container of data, and on disk."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from bench.datasets.consistency import check
from bench.datasets.storage import load, save
from bench.datasets.trajectories import ARRAYS, FINAL, Trajectories
from tests.helpers.discrete import make_choices

# two whole episodes of 2 and 3 steps, and a step of a third
PIXELS = np.arange(6 * 4, dtype=np.uint8).reshape(6, 2, 2) * 10
ACTIONS = np.array([0, 3, 1, 2, 2, 3])
REWARDS = np.array([0, 1, 0, 0, 2, 9], dtype=np.float32)
TERMINALS = np.array([0, 1, 0, 0, 0, 0], dtype=np.bool_)
TIMEOUTS = np.array([0, 0, 0, 0, 1, 0], dtype=np.bool_)


def five(**changes: Any) -> Trajectories:
    given: dict[str, Any] = {
        "observations": PIXELS,
        "actions": ACTIONS,
        "rewards": REWARDS,
        "terminals": TERMINALS,
        "timeouts": TIMEOUTS,
        "action_range": (0, 3),
        "discrete": True,
    }
    return from_arrays(**(given | changes))


# --- from_arrays and check ----------------------------------------------------------------------


def test_bytes_stay_bytes_and_actions_become_whole_numbers() -> None:
    data = five(actions=ACTIONS.astype(np.uint8), final_observations=PIXELS[:2])
    assert (data.observations.dtype, data.observations.shape) == (np.uint8, (5, 2, 2))
    assert (data.actions.dtype, data.actions.shape) == (np.int64, (5,))
    assert data.actions.tolist() == [0, 3, 1, 2, 2]
    assert data.final_observations is not None
    assert data.final_observations.dtype == np.uint8
    assert (data.discrete, data.n_actions) == (True, 4)
    assert data.episode_starts.tolist() == [0, 2, 5]


def test_the_choices_are_the_environments_not_those_that_were_taken() -> None:
    assert five(action_range=(0, 9)).n_actions == 10
    data = five(action_range=(np.int64(0), 9))
    assert [type(end) for end in (data.action_low, data.action_high)] == [float, float]


def test_observations_of_other_types_become_float32() -> None:
    for other in (np.int64, np.float64, np.bool_):
        assert five(observations=PIXELS.astype(other)).observations.dtype == np.float32
    assert five(observations=PIXELS[:, 0]).observations.shape == (5, 2)


def test_statistics_of_pixels_by_hand() -> None:
    """The first pixel of the five whole steps is 0, 40, 80, 120, 160: mean 80, variance 3200."""
    data = five()
    assert data.observation_mean.tolist() == [[80, 90], [100, 110]]
    np.testing.assert_allclose(data.observation_std, np.full((2, 2), 3200**0.5), rtol=1e-6)
    assert data.observation_mean.dtype == data.observation_std.dtype == np.float32


def test_bytes_do_not_overflow_in_the_statistics() -> None:
    data = five(observations=np.full_like(PIXELS, 255))
    assert (data.observation_mean == 255).all()
    assert (data.observation_std == 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actions": ACTIONS + 1}, "actions hold 4, but the environment takes 0 to 3"),
        ({"actions": ACTIONS - 1}, "actions hold -1, but the environment takes 0 to 3"),
        (
            {"actions": ACTIONS + 0.5},
            "actions hold 0.5 in row 0, but discrete actions must be whole",
        ),
        (
            {"actions": np.where(ACTIONS == 3, np.nan, 1.0)},
            "actions hold nan in row 1, but discrete actions must be whole numbers",
        ),
        ({"actions": ACTIONS[:, None]}, r"actions has shape \(6, 1\), expected 1 dimension"),
        ({"observations": PIXELS[:, 0, 0]}, r"observations has shape \(6,\), expected 2 dimension"),
        ({"observations": PIXELS[:5]}, r"observations has shape \(5, 2, 2\)"),
        ({"action_range": (-1.0, 3.0)}, "start at 0, but the action range starts at -1"),
        ({"final_observations": PIXELS[:3]}, r"final_observations has shape \(3, 2, 2\)"),
        ({"final_observations": PIXELS[:2, 0]}, r"final_observations has shape \(2, 2\)"),
        ({"rewards": np.full(6, np.nan, np.float32)}, "rewards holds a value that is not finite"),
    ],
    ids=[
        "above",
        "below",
        "fraction",
        "nan",
        "column",
        "flat",
        "rows",
        "range",
        "final-rows",
        "final-shape",
        "reward",
    ],
)
def test_what_is_not_such_data_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"these arrays: .*{message}"):
        five(**changes)


def test_whole_numbers_in_floats_are_taken_as_they_are() -> None:
    assert five(actions=ACTIONS.astype(np.float32)).actions.tolist() == [0, 3, 1, 2, 2]


def test_what_comes_after_the_last_whole_episode_is_not_looked_at() -> None:
    assert five(actions=np.where(np.arange(6) == 5, 77, ACTIONS)).steps == 5


def test_an_action_that_was_changed_is_found_by_check() -> None:
    data = five()
    with pytest.raises(ValueError, match="mine: actions hold 4"):
        check(replace(data, actions=data.actions + (data.actions == 3)), "mine")
    with pytest.raises(ValueError, match="mine: episode_starts do not cover"):
        check(replace(data, episode_starts=np.array([0, 2, 4])), "mine")


def test_data_with_vectors_are_what_they_were() -> None:
    """Bytes become float32, actions too, whatever their range; three dimensions are refused."""
    given = {"rewards": REWARDS, "terminals": TERMINALS, "timeouts": TIMEOUTS}
    flat = PIXELS.reshape(6, 4)
    data = from_arrays(flat, np.full((6, 1), 1.5), **given)
    assert (data.observations.dtype, data.actions.dtype) == (np.float32, np.float32)
    assert (data.discrete, data.action_low, data.action_high) == (False, -1.0, 1.0)
    assert data.actions.ravel().tolist() == [1.5] * 5
    with pytest.raises(ValueError, match=r"observations has shape \(6, 2, 2\), expected 2"):
        from_arrays(PIXELS, np.zeros((6, 1)), **given)
    with pytest.raises(ValueError, match=r"actions has shape \(6,\), expected 2 dimension"):
        from_arrays(flat, ACTIONS, **given)


# --- cuts ---------------------------------------------------------------------------------------


def rows(data: Trajectories) -> list[tuple[Any, ...]]:
    """Each episode's content."""
    final = data.final_observations
    assert final is not None
    return [
        (
            data.observations[start:stop].tolist(),
            data.actions[start:stop].tolist(),
            final[episode].tolist(),
        )
        for episode, (start, stop) in enumerate(
            zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
        )
    ]


def test_select_takes_whole_episodes_with_what_they_led_to() -> None:
    data = make_choices()
    chosen = data.select(np.array([2, 0]))
    assert rows(chosen) == [rows(data)[2], rows(data)[0]]
    assert (chosen.discrete, chosen.n_actions) == (True, 3)
    assert (chosen.observations.dtype, chosen.actions.dtype) == (np.uint8, np.int64)
    check(chosen, "chosen")


def test_percents_take_whole_episodes() -> None:
    data = make_choices((4,) * 30)
    for part in (data.take_percent(20, seed=3), data.top_percent(20)):
        assert part.episodes == 6
        assert all(row in rows(data) for row in rows(part))
        check(part, "part")
    best = sorted(data.returns)[-6:]
    assert sorted(data.top_percent(20).returns) == best


def test_sparse_moves_the_rewards_alone() -> None:
    data = make_choices()
    sparse = data.sparse()
    assert rows(sparse) == rows(data)
    assert sparse.rewards[data.episode_starts[1:] - 1].tolist() == data.returns.tolist()
    assert np.count_nonzero(sparse.rewards) <= data.episodes
    check(sparse, "sparse")


@pytest.mark.parametrize("cut", ["percent", "top", "sparse", "select"])
def test_statistics_stay_those_of_the_whole_set(cut: str) -> None:
    data = make_choices()
    part = {
        "percent": lambda: data.take_percent(50, 0),
        "top": lambda: data.top_percent(30),
        "sparse": data.sparse,
        "select": lambda: data.select(np.array([1])),
    }[cut]()
    np.testing.assert_array_equal(part.observation_mean, data.observation_mean)
    np.testing.assert_array_equal(part.observation_std, data.observation_std)
    assert part.observation_mean.shape == (2, 2)


# --- on disk ------------------------------------------------------------------------------------


def test_written_and_read_the_data_are_the_same(tmp_path: Path) -> None:
    views = np.random.default_rng(0).integers(0, 256, (6, 5, 5, 3), dtype=np.uint8)
    data = five(observations=views, final_observations=views[:2])
    save(data, tmp_path / "set", {"source": "hand"})
    read = load(tmp_path / "set")
    for name in (*ARRAYS, FINAL, "episode_starts", "observation_mean", "observation_std"):
        mine, other = getattr(data, name), getattr(read, name)
        np.testing.assert_array_equal(mine, other)
        assert (mine.dtype, mine.shape) == (other.dtype, other.shape), name
    assert read.observation_mean.shape == (5, 5, 3)
    assert (read.discrete, read.n_actions, read.action_low) == (True, 4, 0.0)
    assert not read.observations.flags.writeable
    check(read, "read")


def test_the_manifest_says_what_the_arrays_are(tmp_path: Path) -> None:
    data = five()
    save(data, tmp_path / "set", {"source": "hand"})
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["arrays"]["observations"]["dtype"] == "uint8"
    assert manifest["arrays"]["observations"]["shape"] == [5, 2, 2]
    assert manifest["arrays"]["actions"]["dtype"] == "int64"
    assert manifest["arrays"]["actions"]["shape"] == [5]
    assert "final_observations" not in manifest["arrays"]
    assert manifest["action_range"] == [0, 3]
    assert manifest["observation_mean"] == [80, 90, 100, 110]
    assert (manifest["episodes"], manifest["steps"]) == (2, 5)
    assert (manifest["terminals"], manifest["timeouts"]) == (1, 1)
    assert manifest["returns"] == [1, 2]


def test_vectors_on_disk_are_what_they_were(toy: Trajectories, tmp_path: Path) -> None:
    save(toy, tmp_path / "set", {})
    read = load(tmp_path / "set")
    assert (read.observation_mean.shape, read.discrete) == ((3,), False)
    np.testing.assert_array_equal(read.observation_mean, toy.observation_mean)
    assert (read.action_low, read.action_high) == (-1.0, 1.0)
