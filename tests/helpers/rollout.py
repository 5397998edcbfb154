"""Policies that act by a rule, and their episodes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.runs.rollout import Outcome, evaluate
from bench.tasks.registry import TASKS, Task

HOPPER = TASKS["hopper-medium"]
STILL = np.zeros(3, dtype=np.float32)
PUSH = np.array([0.2, -0.1, 0.4], dtype=np.float32)


def acting(act: Callable[[Any, Any], Any], reset: Any = lambda seeds, targets: None) -> Any:
    """Return a policy with these methods."""
    return SimpleNamespace(act=act, reset=reset)


def constant(action: Any) -> Any:
    """Return a policy that always takes this action."""
    return acting(lambda observations, rewards: np.tile(action, (len(observations), 1)))


def run(policy: Any, task: Task = HOPPER, **settings: Any) -> list[Outcome]:
    """Evaluate a policy; three episodes, two side by side, unless `settings` say otherwise."""
    defaults: dict[str, Any] = {"episodes": 3, "targets": [3600.0], "num_envs": 2}
    return evaluate(policy, task, method="mine", **(defaults | settings))


def watching(action: Any) -> tuple[Any, list[Any], list[Any]]:
    """Return a policy that keeps what it is shown, and the lists of observations and rewards."""
    observed: list[Any] = []
    rewarded: list[Any] = []

    def act(observations: Any, rewards: Any) -> Any:
        observed.append(observations)
        rewarded.append(rewards)
        return np.tile(action, (len(observations), 1))

    return acting(act), observed, rewarded
