"""Which run is which: the axes of the plan, and the folder that spells them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RESULT = "result.json"  # a run's record: its score and learning curve
LARGEST = 2**53  # the largest whole number that every reader of JSON keeps exactly
SWEEP = "sweep.json"  # the record of the same policy asked for a grid of targets


@dataclass(frozen=True)
class Identity:
    """Which run this is; the same words as in its path."""

    scale: str
    task: str
    reward: str
    data_percent: float
    method: str
    seed: int

    def folder(self) -> Path:
        """Return the run's folder, relative to the working directory."""
        parts = (self.task, self.reward, f"{self.data_percent:g}", self.method, str(self.seed))
        return Path("results", self.scale, "runs", *parts)


def identity_of(folder: Path) -> Identity:
    """Return the identity that a run's folder spells.

    Raises:
        ValueError: the path is not results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}, or percent or seed
            is not in its range.
    """
    try:
        results, scale, runs, task, reward, percent, method, seed = folder.parts[-8:]
        if (results, runs) == ("results", "runs"):
            fraction, number = float(percent), int(seed)
            if 0 < fraction <= 100 and 0 <= number <= LARGEST:
                return Identity(scale, task, reward, fraction, method, number)
    except ValueError:
        pass
    raise ValueError(
        f"{folder} is not a run's folder: results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED"
    )
