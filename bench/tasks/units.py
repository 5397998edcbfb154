"""What the numbers of a table are, and on which data the paper's were measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.stats.verdicts import MARGIN
from bench.tasks.registry import ATARI, task_by_name


@dataclass(frozen=True)
class Unit:
    """The unit of a table.

    Attributes:
        name: as a note of the table says it.
        data: the paper's data, as printed.
        source: of a run on the same data, as its record says it.
        raw: scores are the environment's own, not normalised.
    """

    name: str
    data: str
    source: str
    raw: bool = False

    def margin(self, task: str) -> float:
        """Return within how much of each other means on a task count as equivalent."""
        if not self.raw:
            return MARGIN
        domain = task_by_name(task).domain
        return MARGIN / domain.normalised_spread(1)


D4RL = Unit("D4RL-normalised score (0: random policy, 100: expert)", "D4RL's files", "d4rl")
GAMER = Unit(
    "Gamer-normalised score (0: random play, 100: a professional gamer; Table 11)",
    "the DQN-replay logs",
    "dqn_replay",
)
RAW = Unit("The game's own score, not clipped", GAMER.data, GAMER.source, raw=True)


def unit_of(tasks: Iterable[str]) -> Unit:
    """Return the unit of normalised scores on some tasks: the gamer's if all are Atari games."""
    return GAMER if set(tasks) <= set(ATARI) else D4RL
