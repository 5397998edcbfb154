"""The zoo of a MuJoCo domain: which of the kept actors become its levels, by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours import mujoco_zoo, zoo
from bench.behaviours.actor import Actor
from bench.behaviours.collect import Episode
from bench.behaviours.mujoco_zoo import build
from bench.behaviours.zoo import Zoo
from bench.core.files import read_json, write_json
from bench.tasks.registry import DOMAINS

# a return is its own normalised score
DOMAIN = replace(DOMAINS["hopper"], reference_min=0.0, reference_max=100.0)
SCREENED = {10: 0.0, 20: 5.0, 30: 20.0, 40: 33.0, 50: 40.0, 60: 90.0, 70: 100.0}


class Played:
    """Stands in for `roll_out`: two steps an episode, whose return the episodes' name decides."""

    def __init__(self, screened: dict[int, float], scores: dict[int, float]) -> None:
        self.returns = {"screen": screened, "score": screened | scores}
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
        earned = self.returns[purpose][int(step)]
        nothing = np.zeros((2, 1), dtype=np.float32)
        return [
            Episode(nothing, nothing, np.array([earned - 1, 1], "f4"), True, nothing[0])
            for _ in range(episodes)
        ]


@pytest.fixture
def built(
    make_actor: Callable[[int], Actor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[Zoo, Played]]:
    """Build a zoo of actors with these returns, three of them for medium-replay."""
    monkeypatch.setattr(mujoco_zoo, "REPLAY_SNAPSHOTS", 3)
    training = tmp_path / "training"

    def make(
        screened: dict[int, float] = SCREENED, scores: dict[int, float] | None = None
    ) -> tuple[Zoo, Played]:
        played = Played(screened, scores or {})
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


def test_medium_is_the_actor_up_to_which_returns_climb_most_evenly(built: Any) -> None:
    """Up to 50 the returns 0, 20, 40 are evenly spaced; up to 40 the nearest are 0, 20, 33."""
    found, _ = built()
    assert steps_of(found) == [10, 30, 50]
    assert [c.share for c in found.replay] == pytest.approx([0.2, 0.4, 0.4])
    assert [c.score for c in found.replay] == [0, 20, 40]
    assert found.medium.step == 50


def test_distances_are_relative_to_the_spacing_of_the_returns(built: Any) -> None:
    """Up to 50: 2.5 from the level of 24, which is 24 apart; up to 40: 2 from that of 16, 16 apart."""
    found, _ = built({10: 0.0, 20: 14.0, 30: 26.5, 40: 32.0, 50: 48.0, 60: 90.0, 70: 100.0})
    assert steps_of(found) == [10, 30, 50]


def test_no_actor_is_taken_twice(built: Any) -> None:
    """The return of medium itself, 40, is nearer to the level of 20 than the -30 between."""
    found, _ = built({10: 0.0, 20: -30.0, 30: 40.0, 60: 90.0, 70: 100.0})
    assert steps_of(found) == [10, 20, 30]


def test_a_medium_that_fresh_episodes_do_not_confirm_gives_way_to_the_next(built: Any) -> None:
    found, _ = built(scores={50: 60.0})
    assert steps_of(found) == [10, 30, 40]
    assert [c.share for c in found.replay] == pytest.approx([0.25, 0.5, 0.25])


def test_the_expert_is_the_best_of_fresh_episodes_among_the_five_best_screened(
    built: Any,
) -> None:
    """20 would win but is not among the five best; 60 beats 70, which screened best."""
    found, _ = built(scores={20: 200.0, 60: 95.0, 70: 80.0})
    assert (found.expert.step, found.expert.score, found.expert.share) == (60, 95, 0)


@pytest.mark.parametrize(
    "screened",
    [
        SCREENED | {40: 29.9, 50: 50.1},
        {10: 0.0, 20: 40.0, 60: 90.0, 70: 100.0},  # 20 has only one before it
    ],
    ids=["none-in-range", "too-few-before"],
)
def test_a_training_without_a_medium_is_refused(
    built: Any, tmp_path: Path, screened: dict[int, float]
) -> None:
    with pytest.raises(
        ValueError, match="score of 30 to 50 and 3 snapshots up to it; train longer"
    ):
        built(screened)
    assert not (tmp_path / "zoo").exists()


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
