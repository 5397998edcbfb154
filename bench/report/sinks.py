"""Where the curves of trainings go: TensorBoard event files, and Weights & Biases where the user asks for it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench.core.files import DamagedFile, read_json
from bench.report.training_log import LOSSES, Points, points_of
from bench.runs.identity import RESULT
from bench.runs.train import TRAINING

WANDB = "BENCH_WANDB"  # the variable that names a project of Weights & Biases
EVENTS = "events.out.tfevents"
SOURCES = (LOSSES, TRAINING, RESULT)


class Sink(Protocol):
    """Takes the curve of one training."""

    def write(self, points: Points) -> None:
        """Take points that were not written yet: step -> name -> value."""

    def close(self) -> None:
        """Finish."""


class EventFile:
    """A TensorBoard event file in the folder of a run. One of an earlier time is replaced."""

    def __init__(self, run: Path) -> None:
        """Open the file."""
        from tensorboardX.event_file_writer import EventsWriter

        for old in run.glob(f"{EVENTS}*"):
            old.unlink(missing_ok=True)
        self._writer = EventsWriter(str(run / "events"), ".bench")
        self._time = max(
            (path.stat().st_mtime for name in SOURCES if (path := run / name).exists()), default=0.0
        )

    def write(self, points: Points) -> None:
        """Append points."""
        from tensorboardX.proto.event_pb2 import Event
        from tensorboardX.summary import scalar

        for step, numbers in points.items():
            for name, value in numbers.items():
                summary = scalar(name, value)
                self._writer.write_event(Event(step=step, wall_time=self._time, summary=summary))
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


class WeightsAndBiases:
    """A run of Weights & Biases. Its id is that of the run here, so that a later call continues it."""

    def __init__(self, run: Path, project: str) -> None:
        """Start it.

        Raises:
            ModuleNotFoundError: the package wandb is not installed.
        """
        try:
            import wandb
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"{WANDB} is set, but wandb is not installed: `pip install wandb`, or unset the variable"
            ) from error
        name = "/".join(run.absolute().parts[-7:])
        config: dict[str, Any] = {}
        with contextlib.suppress(DamagedFile, OSError, KeyError, TypeError):
            training = read_json(run / TRAINING)
            config = {key: training[key] for key in ("identity", "module", "config", "steps")}
        self._run: Any = wandb.init(
            project=project,
            name=name,
            id=hashlib.sha256(name.encode()).hexdigest()[:16],
            resume="allow",
            config=config,
            reinit="create_new",
        )

    def write(self, points: Points) -> None:
        """Send points."""
        for step, numbers in points.items():
            self._run.log(dict(numbers), step=step)

    def close(self) -> None:
        """End the run there."""
        self._run.finish()


@dataclass(frozen=True)
class Kind:
    """A kind of sink.

    Attributes:
        make: opens the sink of a run.
        needs: the file without which a run is not written; empty: none.
    """

    make: Callable[[Path], Sink]
    needs: str = ""


def kinds_of_user() -> list[Kind]:
    """Return the sinks: event files, and Weights & Biases if `BENCH_WANDB` names a project. That one takes no point of
    an earlier step later, so it gets a run when the run has its scores.
    """
    project = os.environ.get(WANDB, "")
    more = [Kind(lambda run: WeightsAndBiases(run, project), RESULT)] if project else []
    return [Kind(EventFile), *more]


class Export:
    """Writes the curves of a scale to sinks, again and again; only what is new is read."""

    def __init__(self, results: Path, kinds: list[Kind] | None = None) -> None:
        """Begin.

        Args:
            results: a folder with folders of runs in it, such as results/quick, or the folder of one run.
            kinds: the sinks; None: those of `kinds_of_user`.
        """
        self._results = results
        self._kinds = kinds_of_user() if kinds is None else kinds
        self._seen: dict[Path, tuple[float, ...]] = {}

    def update(self) -> int:
        """Write the curves that changed. Returns the number of runs that were written."""
        count = 0
        for run in folders(self._results):
            stamp = tuple(
                path.stat().st_mtime if (path := run / name).exists() else 0.0 for name in SOURCES
            )
            if self._seen.get(run) == stamp or (run not in self._seen and self._is_new(run, stamp)):
                self._seen[run] = stamp
                continue
            points = points_of(run)
            for kind in self._kinds if points else ():
                if kind.needs and not (run / kind.needs).exists():
                    continue
                sink = kind.make(run)
                try:
                    sink.write(points)
                finally:
                    sink.close()
            count += bool(points)
            self._seen[run] = stamp
        return count

    def _is_new(self, run: Path, stamp: tuple[float, ...]) -> bool:
        """Return whether an earlier process wrote the curve as it is now. Only event files tell that."""
        if len(self._kinds) > 1:
            return False
        written = [path.stat().st_mtime for path in run.glob(f"{EVENTS}*")]
        return bool(written) and max(written) >= max(stamp)


def folders(results: Path) -> list[Path]:
    """Return the folders of runs in which there is something of a training."""
    return sorted({path.parent for name in SOURCES for path in results.rglob(name)})
