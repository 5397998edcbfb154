"""The registry of tasks: environment, horizon, target return, return scale, reference scores. The
numbers are in tasks.toml.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

KINDS = ("medium-expert", "medium", "medium-replay")  # in the order of Table 2


@dataclass(frozen=True)
class Domain:
    """An environment and the constants that belong to it; tasks.toml says what each is and where it
    comes from.
    """

    name: str
    label: str
    environment: str
    horizon: int
    target_return: float
    return_scale: float
    reference_min: float
    reference_max: float

    def normalised(self, episode_return: float) -> float:
        """Return the D4RL-normalised score of an episode return: 0 is the random policy, 100 the
        expert.

        Fu et al. 2020, section 6 (times 100). For a spread use `normalised_spread`: it has no
        offset.
        """
        return (
            100 * (episode_return - self.reference_min) / (self.reference_max - self.reference_min)
        )

    def normalised_spread(self, spread: float) -> float:
        """Return a standard deviation or a width of returns in normalised points: scaled, never
        shifted.
        """
        return 100 * spread / (self.reference_max - self.reference_min)


@dataclass(frozen=True)
class Task:
    """One row of the paper's Table 2: a domain and the kind of data to learn from."""

    domain: Domain
    kind: str

    @property
    def name(self) -> str:
        """Return the name used in configs, paths and records, such as `hopper-medium`."""
        return f"{self.domain.name}-{self.kind}"


DOMAINS = {
    name: Domain(name=name, **constants)
    for name, constants in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    ).items()
}
TASKS = {
    task.name: task
    for task in (Task(domain, kind) for kind in KINDS for domain in DOMAINS.values())
}


def domain_by_name(name: str) -> Domain:
    """Return a domain.

    Raises:
        ValueError: there is no such domain.
    """
    if name not in DOMAINS:
        raise ValueError(f"unknown domain {name!r}; known: {', '.join(DOMAINS)}")
    return DOMAINS[name]


def task_by_name(name: str) -> Task:
    """Return a task.

    Raises:
        ValueError: there is no such task.
    """
    if name not in TASKS:
        raise ValueError(f"unknown task {name!r}; known: {', '.join(TASKS)}")
    return TASKS[name]
