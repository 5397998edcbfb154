"""Which run is which: the axes of the plan, and the folder that spells them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RESULT = "result.json"  # a run's record: its score and learning curve
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
        ValueError: the path is not results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}.
    """
    try:
        results, scale, runs, task, reward, percent, method, seed = folder.parts[-8:]
        if (results, runs) == ("results", "runs"):
            return Identity(scale, task, reward, float(percent), method, int(seed))
    except ValueError:
        pass
    raise ValueError(
        f"{folder} is not a run's folder: results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED"
    )
