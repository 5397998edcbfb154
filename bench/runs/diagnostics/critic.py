"""The probe of a critic: does it foresee, along an episode, whether the reward comes? (Figure 5.)

The episodes are new ones of random actions, which no run learns from. The paper says neither which
episodes its figure averages nor how often the agent succeeds in them.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from scipy.stats import rankdata

from bench.behaviours.random_play import Play, play
from bench.core.seeds import derive
from bench.datasets.trajectories import F32, F64, I64, Array, Bools, Trajectories
from bench.environments.key_to_door_rooms import HORIZON, PHASES
from bench.tasks.registry import Task

OUTCOMES = ("not pick up key", "pick up key and reach door", "pick up key and not reach door")
ROOMS = ("key room", "distractor room", "door room")  # the paper's names
LAST_STEPS = tuple(int(step) - 1 for step in np.cumsum(PHASES))  # of each room
BATCH = 100  # episodes judged at once
BINS = 10  # of the calibration, each with as many episodes
ROC_POINTS = 101
WATCHED = 200  # successful episodes whose attention is summed up
LEAST_WEIGHT = 5e-4  # smaller attention weights are not recorded

Row = dict[str, Any]


class Critic(Protocol):
    """A policy that foresees."""

    def predict_success(self, observations: Array, actions: I64) -> F32:
        """Return the probability of the reward before each step, (E, T)."""

    def attention(self, observations: Array, actions: I64) -> F32:
        """Return how much the prediction at each step looks at each step, (E, T, T)."""


def measure(
    policy: Critic, task: Task, data: Trajectories, *, episodes: int, seed: int
) -> list[Row]:
    """Return the measures of a critic on Key-to-Door, rows for a record.

    - `reward probability`: mean and spread over the episodes of an outcome (group) at step x;
      `episodes`: how many have it.
    - `calibration`: predicted (x) against observed (value) in bins of y episodes, at the last step
      of a room (group). `roc`: false (x) against true positives (value). `auc`: the area under it.
    - `attention`: weight of the prediction before step x on step y, in one successful episode;
      `event`: the steps at which that takes the key and reaches the door.
    - `attention mass`: share of the attention that is on an event (group) once it happened, until
      the next one; `even attention mass`: what it would be if every earlier step got as much.
    - `probability`: means that the claims are about.

    Args:
        policy: a trained policy.
        task: not used.
        data: not used.
        episodes: how many new random episodes.
        seed: not used: all runs judge the same episodes.

    Raises:
        ValueError: none of the episodes succeeds.
    """
    played = play(episodes, derive("critic", "episodes"))
    successes = np.flatnonzero(played.door_step >= 0)
    if len(successes) == 0:
        raise ValueError(f"none of {episodes} random episodes succeeds: judge more, say 1000")
    chances = np.concatenate(
        [
            policy.predict_success(played.observations[chosen], played.actions[chosen])
            for chosen in _batches(np.arange(episodes))
        ]
    ).astype(np.float64)
    rows = _along(chances, played) + _calibrated(chances, played.door_step >= 0)
    return rows + _looked_at(policy, played, successes) + _claimed(chances, played)


def outcomes(played: Play) -> dict[str, Bools]:
    """Return which episodes (E,) have each outcome."""
    key, door = played.key_step >= 0, played.door_step >= 0
    return dict(zip(OUTCOMES, (~key, door, key & ~door), strict=True))


def area_under_roc(chances: F64, happened: Bools) -> float:
    """Return the probability that an episode that succeeds got a higher chance than one that does
    not; equal ones count half (Mann-Whitney). NaN if all end alike.
    """
    positive, negative = int(happened.sum()), int((~happened).sum())
    if positive == 0 or negative == 0:
        return math.nan
    ranks = rankdata(chances)[happened].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def _batches(episodes: I64) -> list[I64]:
    return [episodes[start : start + BATCH] for start in range(0, len(episodes), BATCH)]


def _row(measure: str, group: str, value: float, **more: float) -> Row:
    numbers = {"x": None, "y": None, "spread": None, "value": value} | more
    rounded = {
        name: None if number is None or math.isnan(number) else round(float(number), 6)
        for name, number in numbers.items()
    }
    return {"measure": measure, "group": group, **rounded}


def _along(chances: F64, played: Play) -> list[Row]:
    rows = []
    for outcome, which in outcomes(played).items():
        if not which.any():
            continue
        mean, spread = chances[which].mean(axis=0), chances[which].std(axis=0)
        rows += [
            _row("reward probability", outcome, mean[step], x=step, spread=spread[step])
            for step in range(HORIZON)
        ]
        rows.append(_row("episodes", outcome, int(which.sum())))
    return rows


def _calibrated(chances: F64, happened: Bools) -> list[Row]:
    rows = []
    for room, step in zip(ROOMS, LAST_STEPS, strict=True):
        at_step = chances[:, step]
        for part in np.array_split(np.argsort(at_step, kind="stable"), BINS):
            if len(part):
                predicted, seen = at_step[part].mean(), happened[part].mean()
                rows.append(_row("calibration", room, seen, x=predicted, y=len(part)))
        for wrong, right in zip(*_roc(at_step, happened), strict=True):
            rows.append(_row("roc", room, right, x=wrong))
        rows.append(_row("auc", room, area_under_roc(at_step, happened)))
    return rows


def _roc(chances: F64, happened: Bools) -> tuple[F64, F64]:
    """Return false and true positive rates over falling thresholds, at most ROC_POINTS each."""
    thresholds = np.unique(np.quantile(chances, np.linspace(0, 1, ROC_POINTS)))[::-1]
    over = chances[:, None] >= thresholds
    none = np.zeros(len(thresholds))
    rates = (over[part].mean(axis=0) if part.any() else none for part in (~happened, happened))
    wrong, right = (np.concatenate([[0.0], rate]) for rate in rates)
    return wrong, right


def _looked_at(critic: Critic, played: Play, successes: I64) -> list[Row]:
    chosen = successes[:WATCHED]
    shares: dict[str, list[tuple[float, float]]] = {"key": [], "door": []}
    rows: list[Row] = []
    for batch in _batches(chosen):
        weights = critic.attention(played.observations[batch], played.actions[batch])
        for episode, looks in zip(batch, weights, strict=True):
            key, door = int(played.key_step[episode]), int(played.door_step[episode])
            if episode == chosen[0]:
                rows += [_row("event", "key", key), _row("event", "door", door)]
                for x, y in np.argwhere(looks >= LEAST_WEIGHT).tolist():
                    rows.append(_row("attention", "", looks[x, y], x=x, y=y))
            for name, event, stop in (("key", key, door + 1), ("door", door, HORIZON)):
                if (share := _mass(looks, event, stop)) is not None:
                    shares[name].append(share)
    for name, found in shares.items():
        if found:
            mass, even = np.mean(found, axis=0)
            rows.append(_row("attention mass", name, mass))
            rows.append(_row("even attention mass", name, even))
    return rows


def _mass(looks: F32, event: int, stop: int) -> tuple[float, float] | None:
    """Return the share of attention that the predictions after an event's step, up to `stop`,
    spend on it; and what would be its share if all steps so far got the same.

    An event is seen twice: in the step whose action brings it about, and in the next one, which
    shows what came of it.
    """
    steps = np.arange(event + 2, stop)
    if len(steps) == 0:
        return None
    mass = looks[event + 2 : stop, event : event + 2].sum(axis=1)
    return float(mass.mean()), float((2 / (steps + 1)).mean())


def _claimed(chances: F64, played: Play) -> list[Row]:
    """Return the means that Figure 5 is read for: before anything happened, without the key, and
    before and after the door.
    """
    which = outcomes(played)
    without, reached = chances[which[OUTCOMES[0]]], chances[which[OUTCOMES[1]]]
    distractor = LAST_STEPS[1]
    start = float(chances[:, 0].mean())
    lost = float(without[:, distractor].mean())
    before, after = float(reached[:, distractor].mean()), float(reached[:, -1].mean())
    holds = chances[played.key_step >= 0]
    return [
        _row("probability", "at the start", start),
        _row("probability", "with the key, distractor room", float(holds[:, distractor].mean())),
        _row("probability", "without the key, distractor room", lost),
        _row("probability", "success, last step", after),
        _row("change", "without the key", lost - start),
        _row("change", "with the key", float(holds[:, distractor].mean()) - start),
        _row("change", "reaching the door", after - before),
    ]
