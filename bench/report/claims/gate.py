"""What a gate of a check is, as claims.yaml states it; gates.py evaluates it.

This file imports no heavy library, as registry.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

KEYS = ("methods", "behaviour", "margin", "share", "targets", "suite", "reward")
BEHAVIOUR = "behaviour"  # the method whose score is that of the data
REWARDS = ("dense", "sparse")


@dataclass(frozen=True)
class Gate:
    """Methods that must have learned before a check says something.

    Attributes:
        methods: each must score at least the behaviour's level minus the margin.
        behaviour: the method that stands for the data.
        margin: in normalised points.
        share: the margin is at most this share of the behaviour's level.
        targets: the score of a method is its mean over the targets of its sweep that are targets[0] to targets[1] times
            the best return in the data; None: its final score.
        suite: the suite that has the scores of the methods; None: that of the check.
        reward: of the methods' runs. The level of the data is the same for both rewards.
    """

    methods: tuple[str, ...]
    behaviour: str = BEHAVIOUR
    margin: float = 5.0
    share: float = math.inf
    targets: tuple[float, float] | None = None
    suite: str | None = None
    reward: str = "dense"

    def margin_at(self, level: float) -> float:
        """Return the margin where the behaviour scores `level`."""
        return (
            min(self.margin, self.share * max(level, 0.0)) if self.share < math.inf else self.margin
        )


def read_gate(entry: Any) -> Gate:
    """Return a gate, written as a list of methods or as a mapping with more keys.

    Raises:
        ValueError: a key is unknown, or a value is impossible. The message names it.
    """
    given = {"methods": entry} if isinstance(entry, list) else entry
    if not isinstance(given, dict) or set(given) - set(KEYS):
        raise ValueError(
            f"gate {entry!r} must be a list of methods, or have the keys {', '.join(KEYS)}"
        )
    methods = given.get("methods")
    if not isinstance(methods, list) or not methods:
        raise ValueError(f"gate {entry!r} names no methods")
    margin = given.get("margin", Gate.margin)
    if not isinstance(margin, int | float) or margin < 0:
        raise ValueError(f"gate {entry!r}: margin must be a number of points, 0 or more")
    share = given.get("share", math.inf)
    if not isinstance(share, int | float) or share < 0:
        raise ValueError(f"gate {entry!r}: share must be a number, 0 or more")
    targets = given.get("targets")
    if targets is not None and (not isinstance(targets, list) or len(targets) != 2):
        raise ValueError(f"gate {entry!r}: targets must be two multiples of the best return")
    suite, reward = given.get("suite"), given.get("reward", Gate.reward)
    if reward not in REWARDS:
        raise ValueError(f"gate {entry!r}: reward must be one of {', '.join(REWARDS)}")
    return Gate(
        tuple(map(str, methods)),
        str(given.get("behaviour", BEHAVIOUR)),
        float(margin),
        float(share),
        None if targets is None else (float(targets[0]), float(targets[1])),
        None if suite is None else str(suite),
        reward,
    )
