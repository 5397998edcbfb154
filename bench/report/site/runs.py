"""The runs of a site: what each one is, what became of it, what it scored and what it took."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile
from bench.core.holding import holder_of
from bench.core.printable import printable
from bench.report.site.inputs import Inputs
from bench.runs import record
from bench.runs.clock import read_clock
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.tasks.registry import task_by_name

DONE, DIVERGED, RUNS, TRAINED, FAILED, DAMAGED, MISSING = (
    "done",
    "diverged",
    "running",
    "not evaluated",
    "failed",
    "damaged",
    "missing",
)
STATUSES = (DONE, DIVERGED, RUNS, TRAINED, FAILED, DAMAGED, MISSING)
SCORED = (DONE, DIVERGED)  # these have a score
# as in bench.runs.train, whose imports take longer than a page
RUNNING, TRAINING = ".running", "training.json"
ATTEMPTS = "train.log"  # what every attempt at a training wrote
TAIL = 4096  # bytes of a log in which its last error is looked for
LONGEST = 300  # characters of a reason


@dataclass(frozen=True)
class Run:
    """A run, as pages show it.

    Attributes:
        identity: which run it is.
        suites: the suites that use it; none if only an older config had it.
        label: of its method.
        status: one of `STATUSES`.
        reason: why there is no score; empty if there is one.
        record: its record; None without a score.
        clock: its times; None if they are unknown.
    """

    identity: Identity
    suites: tuple[str, ...]
    label: str
    status: str
    reason: str = ""
    record: dict[str, Any] | None = None
    clock: dict[str, Any] | None = None

    @property
    def returns(self) -> list[float]:
        """The returns of its evaluation episodes: last checkpoint, declared target return."""
        return self._of_episodes("returns")

    @property
    def mean_return(self) -> float:
        """The mean of these returns; NaN without a score."""
        return _mean(self.returns)

    @property
    def mean_length(self) -> float:
        """The mean length of these episodes, in steps; NaN without a score."""
        return _mean(self._of_episodes("lengths"))

    def _of_episodes(self, what: str) -> list[float]:
        evaluations = self.record["evaluations"] if self.record else ()
        return next((each[what] for each in evaluations if each["final"]), [])

    @property
    def score(self) -> float:
        """The normalised score; NaN without one, and on imported data whose task is not known here."""
        try:
            return task_by_name(self.identity.task).domain.normalised(self.mean_return)
        except (ValueError, DamagedFile):
            return math.nan

    @property
    def trained(self) -> bool:
        """Whether something was trained for it; false for random actions and for the episodes of the data."""
        return self.record is None or self.record["training"]["steps"] > 0

    def spent(self, part: str, what: str = "cpu_seconds") -> float:
        """Return what a part of the run took; NaN if it is unknown.

        Args:
            part: `training` or `evaluation`.
            what: `cpu_seconds`, `seconds` or `peak_memory_mb`.
        """
        found = (self.clock or {}).get(part)
        value = found.get(what) if isinstance(found, dict) else None
        return float(value) if isinstance(value, int | float) else math.nan


def _mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def collect(inputs: Inputs) -> list[Run]:
    """Return every run of a config, and those with a record that the config no longer has."""
    suites = inputs.suites_of()
    return [_run(inputs, run, tuple(suites.get(run, ()))) for run in inputs.runs()]


def begun(inputs: Inputs, runs: list[Run]) -> tuple[list[Run], list[str]]:
    """Return the runs of the suites that have begun, and the suites that have not.

    A suite has begun if it has a table, a figure or a sweep, or if something became of a run that no other suite has: a
    suite that was never asked for shares runs with others, and its own missing runs are no holes.
    """
    there = {run.suites[0] for run in runs if run.status != MISSING and len(run.suites) == 1}
    there |= {suite for suite in inputs.plan.runs if (inputs.reports / suite).is_dir()}
    there |= {suite for suite in inputs.plan.swept if _has_sweep(inputs, suite, runs)}
    kept = [run for run in runs if run.status != MISSING or there & set(run.suites)]
    return kept, [suite for suite in inputs.plan.runs if suite not in there]


def _has_sweep(inputs: Inputs, suite: str, runs: list[Run]) -> bool:
    """Return whether a run of a suite has a sweep that no other suite asks for."""
    alone = (run.identity for run in runs if inputs.plan.swept & set(run.suites) == {suite})
    return any((inputs.home / run.folder() / SWEEP).exists() for run in alone)


def _run(inputs: Inputs, run: Identity, suites: tuple[str, ...]) -> Run:
    variant = inputs.plan.variants.get(run.method)
    label = variant.label if variant else run.method
    folder = inputs.home / run.folder()
    path = folder / RESULT
    if not path.exists():
        status, reason = _without_record(inputs, run, folder)
        return Run(run, suites, label, status, reason)
    try:
        found = record.read(path)
    except (DamagedFile, OSError, ValueError) as error:
        return Run(run, suites, label, DAMAGED, _short(error))
    clock = None
    try:
        clock = read_clock(path)
    except (DamagedFile, OSError):  # its times stay unknown; the score is sound
        clock = None
    return Run(run, suites, label, found["status"], "", found, clock)


def _without_record(inputs: Inputs, run: Identity, folder: Path) -> tuple[str, str]:
    """Return the status of a run without a record, and the reason."""
    if holder_of(folder / RUNNING) is not None:
        return RUNS, "it is being trained"
    axes = (run.task, run.reward, f"{run.data_percent:g}", run.method, f"{run.seed}.log")
    logs = inputs.home / "logs" / inputs.scale
    if (folder / TRAINING).exists():
        reason = _last_error([logs.joinpath("evaluate", *axes)])
        return (FAILED, f"evaluation: {reason}") if reason else (TRAINED, "it is trained only")
    reason = _last_error([folder / ATTEMPTS, logs.joinpath("train", *axes)])
    if reason:
        return FAILED, f"training: {reason}"
    if (folder / ATTEMPTS).exists():
        return FAILED, "training: it began and did not end"
    return MISSING, "it did not begin"


def _last_error(logs: Iterable[Path]) -> str:
    """Return the last line of an error in the first of these logs that has one; empty if none has."""
    for path in logs:
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - TAIL))
                lines = file.read().decode("utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in reversed(lines):
            if "rror: " in line and not line.startswith(" "):  # error: ..., ValueError: ...
                return _short(line.removeprefix("error: "))
    return ""


def _short(text: object) -> str:
    line = printable(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
