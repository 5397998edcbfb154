"""The diagnostic of a critic: does it predict, at each step of an episode, the reward? (Figure 5.)

The episodes are new episodes of random actions; no run is trained on them. The paper says neither
which episodes its figure averages nor how many of them succeed.
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
BATCH = 100  # episodes in one forward pass
BINS = 10  # of the calibration, with equal numbers of episodes
ROC_POINTS = 101
ATTENTION_EPISODES = 200  # at most so many successful episodes are used for the attention mass
LEAST_WEIGHT = 5e-4  # smaller attention weights are not recorded

Row = dict[str, Any]


class Critic(Protocol):
    """A policy that predicts success."""

    def predict_success(self, observations: Array, actions: I64) -> F32:
        """Return the probability of the reward before each step, (E, T)."""

    def attention(self, observations: Array, actions: I64) -> F32:
        """Return the attention weights of the prediction at each step on each step, (E, T, T)."""


def measure(
    policy: Critic, task: Task, data: Trajectories, *, episodes: int, seed: int
) -> list[Row]:
    """Return the measures of a critic on Key-to-Door, one row of the record each.

    - `reward probability`: mean and spread of the prediction at step x, over the episodes with an
      outcome (group). `episodes`: the number of these episodes.
    - `calibration`: predicted probability (x) and observed rate (value) in bins of y episodes, at the
      last step of a room (group). `roc`: rates of false positives (x) and true positives (value).
      `auc`: the area under the ROC curve.
    - `attention`: attention weight of the prediction before step x on step y, in one successful
      episode. `event`: the steps at which this episode takes the key and reaches the door.
    - `attention mass`: share of the attention that is on an event (group), from the event to the next
      one. `even attention mass`: the share if all steps so far got equal weights.
    - `probability`, `change`: mean predictions and their differences, which the claims use.

    Args:
        policy: a trained policy.
        task: not used.
        data: not used.
        episodes: number of new random episodes.
        seed: not used; all runs predict the same episodes.

    Raises:
        ValueError: none of the episodes succeeds.
    """
    rollouts = play(episodes, derive("critic", "episodes"))
    successes = np.flatnonzero(rollouts.door_step >= 0)
    if len(successes) == 0:
        raise ValueError(f"none of {episodes} random episodes succeeds; use more, for example 1000")
    probabilities = np.concatenate(
        [
            policy.predict_success(rollouts.observations[chosen], rollouts.actions[chosen])
            for chosen in _batches(np.arange(episodes))
        ]
    ).astype(np.float64)
    rows = _predictions(probabilities, rollouts) + _calibrated(
        probabilities, rollouts.door_step >= 0
    )
    return (
        rows + _attention(policy, rollouts, successes) + _means_of_claims(probabilities, rollouts)
    )


def outcomes(rollouts: Play) -> dict[str, Bools]:
    """Return outcome -> which episodes have it, (E,)."""
    key, door = rollouts.key_step >= 0, rollouts.door_step >= 0
    return dict(zip(OUTCOMES, (~key, door, key & ~door), strict=True))


def area_under_roc(probabilities: F64, succeeded: Bools) -> float:
    """Return the probability that a successful episode has a higher prediction than a failed one.

    Equal predictions count one half (Mann-Whitney). NaN if all episodes succeed or all fail.
    """
    positive, negative = int(succeeded.sum()), int((~succeeded).sum())
    if positive == 0 or negative == 0:
        return math.nan
    ranks = rankdata(probabilities)[succeeded].sum()
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


def _predictions(probabilities: F64, rollouts: Play) -> list[Row]:
    rows = []
    for outcome, which in outcomes(rollouts).items():
        if not which.any():
            continue
        mean, spread = probabilities[which].mean(axis=0), probabilities[which].std(axis=0)
        rows += [
            _row("reward probability", outcome, mean[step], x=step, spread=spread[step])
            for step in range(HORIZON)
        ]
        rows.append(_row("episodes", outcome, int(which.sum())))
    return rows


def _calibrated(probabilities: F64, succeeded: Bools) -> list[Row]:
    rows = []
    for room, step in zip(ROOMS, LAST_STEPS, strict=True):
        at_step = probabilities[:, step]
        for part in np.array_split(np.argsort(at_step, kind="stable"), BINS):
            if len(part):
                predicted, seen = at_step[part].mean(), succeeded[part].mean()
                rows.append(_row("calibration", room, seen, x=predicted, y=len(part)))
        for wrong, right in zip(*_roc(at_step, succeeded), strict=True):
            rows.append(_row("roc", room, right, x=wrong))
        rows.append(_row("auc", room, area_under_roc(at_step, succeeded)))
    return rows


def _roc(probabilities: F64, succeeded: Bools) -> tuple[F64, F64]:
    """Return false and true positive rates over falling thresholds, at most ROC_POINTS each."""
    thresholds = np.unique(np.quantile(probabilities, np.linspace(0, 1, ROC_POINTS)))[::-1]
    over = probabilities[:, None] >= thresholds
    none = np.zeros(len(thresholds))
    rates = (over[part].mean(axis=0) if part.any() else none for part in (~succeeded, succeeded))
    wrong, right = (np.concatenate([[0.0], rate]) for rate in rates)
    return wrong, right


def _attention(critic: Critic, rollouts: Play, successes: I64) -> list[Row]:
    chosen = successes[:ATTENTION_EPISODES]
    shares: dict[str, list[tuple[float, float]]] = {"key": [], "door": []}
    rows: list[Row] = []
    for batch in _batches(chosen):
        batch_weights = critic.attention(rollouts.observations[batch], rollouts.actions[batch])
        for episode, weights in zip(batch, batch_weights, strict=True):
            key, door = int(rollouts.key_step[episode]), int(rollouts.door_step[episode])
            if episode == chosen[0]:
                rows += [_row("event", "key", key), _row("event", "door", door)]
                for x, y in np.argwhere(weights >= LEAST_WEIGHT).tolist():
                    rows.append(_row("attention", "", weights[x, y], x=x, y=y))
            for name, event, stop in (("key", key, door + 1), ("door", door, HORIZON)):
                if (share := _mass(weights, event, stop)) is not None:
                    shares[name].append(share)
    for name, found in shares.items():
        if found:
            mass, even = np.mean(found, axis=0)
            rows.append(_row("attention mass", name, mass))
            rows.append(_row("even attention mass", name, even))
    return rows


def _mass(weights: F32, event: int, stop: int) -> tuple[float, float] | None:
    """Return the mean share of attention on an event, over the predictions after it and before `stop`;
    and this share if all steps so far got equal weights.

    An event counts as two steps: the step whose action causes it, and the next step, whose
    observation shows it.
    """
    steps = np.arange(event + 2, stop)
    if len(steps) == 0:
        return None
    mass = weights[event + 2 : stop, event : event + 2].sum(axis=1)
    return float(mass.mean()), float((2 / (steps + 1)).mean())


def _means_of_claims(probabilities: F64, rollouts: Play) -> list[Row]:
    """Return the mean predictions that the claims about Figure 5 use: at the start, without the key,
    with the key, and before and after the door is reached.
    """
    which = outcomes(rollouts)
    without, reached = probabilities[which[OUTCOMES[0]]], probabilities[which[OUTCOMES[1]]]
    distractor = LAST_STEPS[1]
    start = float(probabilities[:, 0].mean())
    lost = float(without[:, distractor].mean())
    before, after = float(reached[:, distractor].mean()), float(reached[:, -1].mean())
    holds = probabilities[rollouts.key_step >= 0]
    return [
        _row("probability", "at the start", start),
        _row("probability", "with the key, distractor room", float(holds[:, distractor].mean())),
        _row("probability", "without the key, distractor room", lost),
        _row("probability", "success, last step", after),
        _row("change", "without the key", lost - start),
        _row("change", "with the key", float(holds[:, distractor].mean()) - start),
        _row("change", "reaching the door", after - before),
    ]
