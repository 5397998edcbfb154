"""The zoo of a MuJoCo domain: which of the kept actors become its levels, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.behaviours import mujoco_zoo, zoo
from bench.behaviours.actor import Actor
from bench.behaviours.collect import Episode
from bench.behaviours.mujoco_zoo import build, even_steps
from bench.behaviours.zoo import Zoo
from bench.core.files import read_json, write_json
from bench.tasks.registry import DOMAINS

# a return is its own normalised score
DOMAIN = replace(DOMAINS["hopper"], reference_min=0.0, reference_max=100.0)
SCREENED = {10: 0.0, 20: 5.0, 30: 20.0, 40: 39.0, 50: 45.0, 60: 90.0, 70: 100.0}


class Played:
    """Stands in for `roll_out`: two steps an episode. The episodes' name decides the mean of the
    returns; half of them lie a spread above it, and half below.
    """

    def __init__(
        self,
        screened: dict[int, float],
        scores: dict[int, float],
        spreads: dict[int, float],
    ) -> None:
        self.returns = {"screen": screened, "score": screened | scores}
        self.spreads = spreads
        self.names: list[str] = []
        self.episodes: set[int] = set()

    def __call__(
        self, actor: Actor, environment: str, *, name: str, episodes: int
    ) -> list[Episode]:
        assert environment == "Hopper-v4"
        purpose, domain, step = name.split("-")
        assert domain == "hopper"
        self.names.append(name)
        self.episodes.add(episodes)
        earned, spread = self.returns[purpose][int(step)], self.spreads.get(int(step), 0)
        nothing = np.zeros((2, 1), dtype=np.float32)
        return [
            Episode(nothing, nothing, np.array([earned - 1, 1 + sign], "f4"), True, nothing[0])
            for sign in (spread, -spread) * (episodes // 2)
        ]


@pytest.fixture
def built(
    make_actor: Callable[[int], Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Zoo, Played]]:
    """Build a zoo of actors with these returns, three of them for medium-replay."""
    monkeypatch.setattr(mujoco_zoo, "REPLAY_SNAPSHOTS", 3)
    training = tmp_path / "training"

    def make(
        screened: dict[int, float] = SCREENED,
        scores: dict[int, float] | None = None,
        spreads: dict[int, float] | None = None,
    ) -> tuple[Zoo, Played]:
        played = Played(screened, scores or {}, spreads or {})
        monkeypatch.setattr(mujoco_zoo, "roll_out", played)
        (training / "actors").mkdir(parents=True, exist_ok=True)
        write_json(training / "identity.json", {"seed": 0})
        for step in screened:
            make_actor(step).save(training / f"actors/{step:07d}.safetensors")
        zoo = build(DOMAIN, training, "the command", tmp_path / "zoo", report=lambda line: None)
        return zoo, played

    return make


def steps_of(found: Zoo) -> list[int]:
    return [snapshot.step for snapshot in found.replay]


@pytest.mark.parametrize(
    ("spreads", "medium"), [({40: 12.0, 50: 3.0}, 50), ({40: 2.0, 50: 30.0}, 40)], ids=str
)
def test_medium_is_the_policy_whose_returns_vary_least(
    built: Any, spreads: dict[int, float], medium: int
) -> None:
    found, _ = built(spreads=spreads)
    assert found.medium.step == medium
    # the sample standard deviation of 100 returns, half of them `spread` above the mean
    assert found.medium.return_std == pytest.approx(spreads[medium] * (100 / 99) ** 0.5, abs=0.006)


def test_a_medium_that_fresh_episodes_do_not_confirm_gives_way_to_the_next(built: Any) -> None:
    found, _ = built(scores={50: 60.0}, spreads={40: 5.0, 50: 1.0})
    assert found.medium.step == 40


def test_only_the_finalists_are_compared_over_many_episodes(
    built: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the five best play, from which the expert is chosen."""
    monkeypatch.setattr(mujoco_zoo, "FINALISTS", 1)
    found, played = built(spreads={40: 5.0, 50: 1.0})
    assert found.medium.step == 50
    compared = [int(name.split("-")[2]) for name in played.names if name.startswith("score")]
    assert compared[:6] == [50, 30, 40, 50, 60, 70]


def test_replay_snapshots_have_even_distances_and_equal_shares(built: Any) -> None:
    """A third and two thirds of 50 are 16.7 and 33.3."""
    found, _ = built(spreads={40: 5.0})
    assert steps_of(found) == [20, 30, 50]
    assert [c.share for c in found.replay] == pytest.approx([1 / 3] * 3)
    assert [c.score for c in found.replay] == [5, 20, 45]


@pytest.mark.parametrize(
    ("steps", "count", "chosen"),
    [
        ([1, 2, 3, 4, 5, 6], 3, [2, 4, 6]),
        ([1, 2, 3], 3, [1, 2, 3]),
        ([8, 9, 10], 3, [8, 9, 10]),  # 3.3 and 6.7 are nearest to 8, which is taken once
        ([1, 2, 10], 3, [1, 2, 10]),  # 2 is nearest to 3.3, and stays for 6.7
        ([5], 1, [5]),
    ],
    ids=str,
)
def test_even_steps(steps: list[int], count: int, chosen: list[int]) -> None:
    assert even_steps(steps, count) == chosen


@given(
    steps=st.lists(st.integers(1, 10_000), min_size=1, max_size=80, unique=True).map(sorted),
    data=st.data(),
)
def test_even_steps_are_different_and_in_order(steps: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(steps)))
    chosen = even_steps(steps, count)
    assert chosen == sorted(set(chosen))
    assert len(chosen) == count
    assert set(chosen) <= set(steps)
    assert chosen[-1] == steps[-1]


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="2 snapshots are too few: 3 are needed"):
        even_steps([1, 2], 3)


def test_the_expert_is_the_best_of_fresh_episodes_among_the_five_best_screened(
    built: Any,
) -> None:
    """20 would win but is not among the five best; 60 beats 70, which screened best."""
    found, _ = built(scores={20: 200.0, 60: 95.0, 70: 80.0})
    assert (found.expert.step, found.expert.score, found.expert.share) == (60, 95, 0)


@pytest.mark.parametrize(
    "screened",
    [
        SCREENED | {40: 37.9, 50: 50.1},
        {10: 0.0, 20: 40.0, 60: 90.0, 70: 100.0},  # 20 has only one before it
    ],
    ids=["none-in-range", "too-few-before"],
)
def test_a_training_without_a_medium_is_refused(
    built: Any, tmp_path: Path, screened: dict[int, float]
) -> None:
    with pytest.raises(
        ValueError, match="score of 38 to 50 and 3 snapshots up to it; train longer"
    ):
        built(screened)
    assert not (tmp_path / "zoo").exists()


def test_a_long_training_is_screened_evenly_and_then_where_medium_may_be(
    built: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second snapshot, and those with a neighbour that scores 28 to 60."""
    monkeypatch.setattr(mujoco_zoo, "SCREENED", 4)
    returns = {10: 0.0, 20: 5.0, 30: 10.0, 40: 20.0, 50: 40.0, 60: 44.0, 70: 90.0, 80: 99.0}
    _, played = built(returns)
    screened = [int(name.split("-")[2]) for name in played.names if name.startswith("screen")]
    assert screened == [20, 40, 60, 80, 50, 70]


def test_every_actor_is_screened_once_with_few_episodes(built: Any) -> None:
    _, played = built()
    assert [name for name in played.names if name.startswith("screen")] == [
        f"screen-hopper-{step}" for step in SCREENED
    ]
    assert played.episodes == {20, 100}
    _, again = built(SCREENED | {80: 99.0})
    assert [name for name in again.names if name.startswith("screen")] == ["screen-hopper-80"]


def test_what_ships_is_in_half_precision_and_read_back(built: Any, tmp_path: Path) -> None:
    found, _ = built()
    assert zoo.read(DOMAIN, tmp_path / "zoo") == found
    manifest = read_json(tmp_path / "zoo/hopper/manifest.json")
    assert manifest["command"] == "the command"
    assert manifest["evaluation"]["episodes"] == 100
    assert {path.name for path in (tmp_path / "zoo/hopper").glob("*.safetensors")} == {
        snapshot.file for snapshot in (*found.replay, found.expert)
    }
    for snapshot in (*found.replay, found.expert):
        weight = Actor.load(found.intact(snapshot)).mean[0]
        np.testing.assert_array_equal(weight, weight.astype(np.float16))
        assert (snapshot.length_mean, snapshot.return_std) == (2, 0)
