"""The time that kills of a training cost: work since its last checkpoint, and the start of the next attempt."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class LostTime:
    """Measures kills of one training after another, by the clock.

    Attributes:
        work: for each kill, the seconds from the last checkpoint to the signal. An attempt that wrote no checkpoint
            counts from the start of its process.
        restarts: the seconds from the start of a process to the line that says at which step it resumes.
    """

    work: list[float] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    _began: float = field(default_factory=time.time)

    def start(self) -> None:
        """An attempt starts now."""
        self._began = time.time()

    def resumed(self) -> None:
        """The log of this attempt says now that it resumes."""
        self.restarts.append(time.time() - self._began)

    def killed(self, folder: Path, at: float) -> None:
        """The attempt was killed and its process is gone.

        Args:
            folder: somewhere below it is the run.
            at: the time of the signal; a checkpoint that the signal caused is later, and then nothing is lost.
        """
        times = [path.stat().st_mtime for path in folder.rglob(CHECKPOINT)]
        self.work.append(max(at - max([self._began, *times]), 0.0))

    def __str__(self) -> str:
        """Return the mean and the largest value of both."""
        parts = [(self.work, "kills, work lost"), (self.restarts, "restarts")]
        return "; ".join(
            f"{len(values)} {name}: mean {sum(values) / len(values):.2f} s, at most {max(values):.2f} s"
            for values, name in parts
            if values
        )
