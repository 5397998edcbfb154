"""bench/runs/diagnostics/critic.py: a diagnostic of critics of whom it is known what they know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.behaviours.random_play import Play, play
from bench.environments.key_to_door_rooms import HORIZON
from bench.runs import record
from bench.runs.diagnostics import critic
from bench.runs.diagnostics.critic import measure
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import Identity
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD

TASK = task_by_name("key_to_door-10k")
NO_DATA: Any = None  # the episodes are new ones


@pytest.fixture(scope="module")
def played() -> Play:
    """Few enough to judge, with ten successes."""
    many = play(1000, 5)
    won = np.flatnonzero(many.door_step >= 0)[:10]
    chosen = np.sort(np.concatenate([won, np.flatnonzero(many.door_step < 0)[:140]]))
    return Play(**{field.name: getattr(many, field.name)[chosen] for field in fields(Play)})


class Known:
    """A critic that knows which episode it is shown.

    Args:
        played: the episodes.
        judging: returns the chances (n, T) of the episodes of these numbers (n,).
        looking: returns the attention (T, T) of one of them.
    """

    def __init__(self, played: Play, judging: Any, looking: Any) -> None:
        self.number = {row.tobytes(): i for i, row in enumerate(played.actions)}
        self.played, self.judging, self.looking = played, judging, looking
        self.judged: list[list[int]] = []
        self.watched: list[list[int]] = []

    def which(self, observations: Any, actions: Any) -> Any:
        numbers = np.array([self.number[row.tobytes()] for row in actions])
        np.testing.assert_array_equal(observations, self.played.observations[numbers])
        return numbers

    def predict_success(self, observations: Any, actions: Any) -> Any:
        numbers = self.which(observations, actions)
        self.judged.append(numbers.tolist())
        return np.asarray(self.judging(numbers), dtype=np.float32)

    def attention(self, observations: Any, actions: Any) -> Any:
        numbers = self.which(observations, actions)
        self.watched.append(numbers.tolist())
        return np.array([self.looking(number) for number in numbers], dtype=np.float32)


def evenly(number: int) -> Any:
    return np.tri(HORIZON) / np.arange(1, HORIZON + 1)[:, None]


def rows_of(
    rows: list[dict[str, Any]], measure: str, group: str | None = None
) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if row["measure"] == measure and (group is None or row["group"] == group)
    ]


def value(rows: list[dict[str, Any]], measure: str, group: str) -> float:
    [row] = rows_of(rows, measure, group)
    return float(row["value"])


@pytest.fixture
def diagnosed(played: Play, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Probe a critic that knows; returns the rows and the critic."""

    def run(judging: Any, looking: Any = evenly, episodes: Play = played) -> Any:
        known = Known(episodes, judging, looking)
        monkeypatch.setattr(critic, "play", lambda count, seed: episodes)
        return measure(known, TASK, NO_DATA, episodes=len(episodes.actions), seed=0), known

    return run


def test_one_who_knows_the_end(played: Play, diagnosed: Any) -> None:
    won = played.door_step >= 0
    rows, known = diagnosed(lambda n: np.repeat(won[n, None], HORIZON, axis=1))
    for room in critic.ROOMS:
        assert value(rows, "auc", room) == 1
        bins = rows_of(rows, "calibration", room)
        # the last of ten bins of 15 episodes holds all 10 successes
        expected = [(0, 0)] * 9 + [(0.666667, 0.666667)]
        assert [(row["x"], row["value"]) for row in bins] == expected
        assert [row["y"] for row in bins] == [15] * 10
        assert (0, 1) in {(row["x"], row["value"]) for row in rows_of(rows, "roc", room)}
    took = played.key_step >= 0
    by_hand = zip(critic.OUTCOMES, (~took, won, took & ~won), strict=True)
    for outcome, which in by_hand:
        along = rows_of(rows, "reward probability", outcome)
        assert [row["x"] for row in along] == list(range(HORIZON))
        assert {(row["value"], row["spread"]) for row in along} == {
            (float(outcome == critic.OUTCOMES[1]), 0)
        }
        assert value(rows, "episodes", outcome) == which.sum()
    assert value(rows, "probability", "at the start") == pytest.approx(10 / 150, abs=1e-6)
    assert value(rows, "probability", "without the key, distractor room") == 0
    assert value(rows, "probability", "success, last step") == 1
    assert value(rows, "change", "reaching the door") == 0
    assert value(rows, "change", "without the key") == pytest.approx(-10 / 150, abs=1e-6)
    assert sum(known.judged, []) == list(range(150))  # noqa: RUF017
    assert [len(batch) for batch in known.judged] == [100, 50]


def test_one_who_knows_nothing(played: Play, diagnosed: Any) -> None:
    rows, _ = diagnosed(lambda n: np.full((len(n), HORIZON), 0.07))
    for room in critic.ROOMS:
        assert value(rows, "auc", room) == 0.5
        assert {row["x"] for row in rows_of(rows, "calibration", room)} == {0.07}
        assert [(row["x"], row["value"]) for row in rows_of(rows, "roc", room)] == [(0, 0), (1, 1)]
    assert {row["value"] for row in rows_of(rows, "change")} == {0}
    assert {row["value"] for row in rows_of(rows, "probability")} == {0.07}


def test_one_who_sees_the_key_and_the_door(played: Play, diagnosed: Any) -> None:
    """0.5, after the key 0.7, after the door 1; without the key it loses a thousandth a step."""
    steps = np.arange(HORIZON)
    key, door = (np.where(s < 0, 999, s)[:, None] for s in (played.key_step, played.door_step))
    chances = np.where(key == 999, 0.5 - steps / 1000, np.where(steps > key, 0.7, 0.5))
    chances = np.where(steps > door, 1.0, chances)
    rows, _ = diagnosed(lambda n: chances[n])
    last = float(np.where(played.door_step[played.door_step >= 0] < HORIZON - 1, 1, 0.7).mean())
    for group, number in {
        "at the start": 0.5,
        "with the key, distractor room": 0.7,
        "without the key, distractor room": 0.5 - 0.104,
        "success, last step": last,
    }.items():
        assert value(rows, "probability", group) == pytest.approx(number, abs=1e-6), group
    for group, number in {
        "with the key": 0.2,
        "without the key": -0.104,
        "reaching the door": last - 0.7,
    }.items():
        assert value(rows, "change", group) == pytest.approx(number, abs=1e-6), group
    along = rows_of(rows, "reward probability", critic.OUTCOMES[1])
    won = chances[played.door_step >= 0]
    for name, expected in (("value", won.mean(axis=0)), ("spread", won.std(axis=0))):
        np.testing.assert_allclose([row[name] for row in along], expected, atol=1e-6)


# --- where it looks -------------------------------------------------------------------------------


def test_attention_that_is_spread_evenly_is_even(diagnosed: Any) -> None:
    rows, _ = diagnosed(lambda n: np.zeros((len(n), HORIZON)))
    for event in ("key", "door"):
        mass = value(rows, "attention mass", event)
        assert mass == pytest.approx(value(rows, "even attention mass", event), abs=2e-6)
        assert 0 < mass < 0.5


def test_attention_on_the_events(played: Play, diagnosed: Any) -> None:
    """All of it on the step that takes the key, until the door was reached; then half on the step
    that shows what came of it.
    """

    def looking(number: int) -> Any:
        key, door = played.key_step[number], played.door_step[number]
        looks = np.zeros((HORIZON, HORIZON))
        looks[np.arange(HORIZON), np.minimum(np.arange(HORIZON), key)] = 1
        looks[door + 2 :] = 0
        looks[door + 2 :, [key, door + 1 if door < HORIZON - 1 else key]] = 0.5
        return looks

    rows, known = diagnosed(lambda n: np.zeros((len(n), HORIZON)), looking)
    assert value(rows, "attention mass", "key") == 1
    assert value(rows, "attention mass", "door") == 0.5
    won = np.flatnonzero(played.door_step >= 0)
    assert known.watched == [won.tolist()]
    events = list(zip(played.key_step[won], played.door_step[won], strict=True))
    spans = {
        "key": [range(key + 2, door + 1) for key, door in events],
        "door": [range(door + 2, HORIZON) for _, door in events if door + 2 < HORIZON],
    }
    for event, steps in spans.items():
        even = np.mean([np.mean([2 / (step + 1) for step in span]) for span in steps])
        assert value(rows, "even attention mass", event) == pytest.approx(even, abs=1e-6)


def test_the_attention_of_the_first_success_is_recorded(
    played: Play, diagnosed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(critic, "BATCH", 4)
    first = int(np.flatnonzero(played.door_step >= 0)[0])

    def looking(number: int) -> Any:
        looks = np.zeros((HORIZON, HORIZON))
        looks[7, 3], looks[8, 3], looks[9, 9] = 0.25, critic.LEAST_WEIGHT / 2, 0.75
        return looks if number == first else 1 - looks

    rows, _ = diagnosed(lambda n: np.zeros((len(n), HORIZON)), looking)
    found = [(row["x"], row["y"], row["value"]) for row in rows_of(rows, "attention")]
    assert found == [(7, 3, 0.25), (9, 9, 0.75)]
    assert value(rows, "event", "key") == played.key_step[first]
    assert value(rows, "event", "door") == played.door_step[first]


def test_only_so_many_successes_are_watched(
    diagnosed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(critic, "ATTENTION_EPISODES", 4)
    monkeypatch.setattr(critic, "BATCH", 3)
    _, known = diagnosed(lambda n: np.zeros((len(n), HORIZON)))
    assert [len(batch) for batch in known.watched] == [3, 1]
    assert {len(batch) for batch in known.judged} == {3}


# --- a record, and episodes that do not suffice ---------------------------------------------------


def test_rows_fit_a_record(diagnosed: Any, tmp_path: Path) -> None:
    rows, _ = diagnosed(lambda n: np.random.default_rng(0).random((len(n), HORIZON)))
    identity = Identity("test", "key_to_door-1k", "dense", 100.0, "dt-critic", 0)
    folder = tmp_path / identity.folder()
    content = RECORD | {"evaluations": [], "measures": rows}
    record.write(folder, identity, DIAGNOSTICS["critic"].record, **content)
    assert record.read(folder / DIAGNOSTICS["critic"].record)["measures"] == rows


def test_without_a_success_there_is_nothing_to_diagnostic(played: Play, diagnosed: Any) -> None:
    lost = replace(played, door_step=np.full(150, -1))
    with pytest.raises(ValueError, match="none of 150 random episodes succeeds; use more"):
        diagnosed(lambda n: np.zeros((len(n), HORIZON)), episodes=lost)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value encountered")
def test_one_success_alone_is_enough(played: Play, diagnosed: Any) -> None:
    first = np.flatnonzero(played.door_step >= 0)[:1]
    alone = Play(**{field.name: getattr(played, field.name)[first] for field in fields(Play)})
    rows, _ = diagnosed(lambda n: np.zeros((len(n), HORIZON)), episodes=alone)
    assert {row["value"] for row in rows_of(rows, "auc")} == {None}  # no failure to compare with
    assert value(rows, "probability", "at the start") == 0


def test_the_episodes_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of any data set, whose seeds are small."""
    asked: list[Any] = []

    def refuse(count: int, seed: int) -> Play:
        asked.append((count, seed))
        raise InterruptedError

    monkeypatch.setattr(critic, "play", refuse)
    with pytest.raises(InterruptedError):
        measure(None, TASK, NO_DATA, episodes=77, seed=0)  # type: ignore[arg-type]
    [(count, seed)] = asked
    assert count == 77
    assert seed > 10_000
