"""Which jobs of a pipeline run in this folder, and how far they are: from the files that they hold, and their logs."""

from __future__ import annotations

import re
import shlex
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bench.core.holding import holder_of
from bench.core.working_folder import HOLDERS, SNAKEMAKE
from bench.runs.identity import Identity, identity_of
from bench.runs.train import RUNNING

TAIL = 8_000  # bytes of a log that are read
STEP = re.compile(r"^step (\d+)/(\d+)  (.*)$", re.MULTILINE)
LOSS = re.compile(r"\bloss (\S+)")
FAILED = re.compile(r"^(error: .*|Traceback \(most recent call last\):)$", re.MULTILINE)
ATTEMPTS = "train.log"  # in the folder of a run


@dataclass(frozen=True)
class Job:
    """A command that runs at this moment.

    Attributes:
        verb: `train`, `evaluate`, `data generate`, ...
        run: the run that it works on; None for other commands.
        what: its words; of a command that is not about a run, what it does and to what.
        seconds: how long it runs.
        step, steps: the updates that a training took, and all of them; 0 if they are not known.
        loss: the last loss, as its log says; empty if there is none.
    """

    verb: str
    run: Identity | None
    what: str
    seconds: float
    step: int = 0
    steps: int = 0
    loss: str = ""


def log_of(run: Identity, stage: str) -> Path:
    """Return the log of a job of the workflow."""
    axes = (run.task, run.reward, f"{run.data_percent:g}", run.method, f"{run.seed}.log")
    return Path("logs", run.scale, stage, *axes)


def jobs(scale: str) -> tuple[list[Job], bool]:
    """Return the commands that run in the working directory for a scale, and whether Snakemake runs there."""
    found: list[Job] = []
    snakemake = False
    for path in (Path() / HOLDERS).glob("*"):
        holder = holder_of(path)
        if holder is None:
            continue
        if holder.what == SNAKEMAKE:
            snakemake = True
        elif job := _job(holder.what, scale, _age(path)):
            found.append(job)
    return sorted(found, key=lambda job: -job.seconds), snakemake


def trained_by_hand(run: Identity) -> Job | None:
    """Return the training of a run outside a workflow; None if there is none."""
    held = run.folder() / RUNNING
    if not held.exists() or holder_of(held) is None:
        return None
    return _with_progress(Job("train", run, f"bench train --run {run.folder()}", _age(held)))


def failure_of(run: Identity, stage: str) -> str | None:
    """Return the error in the log of a job that is not running; None if the log has none or does not exist."""
    text = tail(log_of(run, stage))
    errors = FAILED.findall(text)
    if not errors:
        return None
    if errors[-1].startswith("error: "):
        return str(errors[-1])
    return next((line for line in reversed(text.splitlines()) if line.strip()), "")


def tail(path: Path) -> str:
    """Return the end of a text file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - TAIL, 0))
            return file.read(TAIL).decode("utf-8", "replace")
    except OSError:
        return ""


def _job(what: str, scale: str, seconds: float) -> Job | None:
    """Return the job of a command such as `bench train --run ...`; None if it is of another scale."""
    try:
        words = shlex.split(what.removesuffix("…"))
    except ValueError:  # the end of a long command is cut, perhaps inside quotes
        words = what.split()
    words = [word for word in words[1:] if word]
    if not words:
        return None
    verb = " ".join(words[:2]) if words[0] == "data" else words[0]
    for option, value in pairwise(words):
        if option == "--run":
            try:
                run = identity_of(Path(value).absolute())
            except ValueError:
                continue
            return None if run.scale != scale else _with_progress(Job(verb, run, what, seconds))
    return Job(verb, None, _short(verb, words), seconds)


def _short(verb: str, words: list[str]) -> str:
    """Return a command without most of its options: what it does, and to what."""
    rest = words[len(verb.split()) :]
    objects = [value for option, value in pairwise(rest) if option == "--task"]
    objects += rest[:1] if rest and not rest[0].startswith("-") else []
    return " ".join([verb, *objects[:1]])


def _with_progress(job: Job) -> Job:
    if job.run is None or job.verb != "train":
        return job
    lines = STEP.findall(_log(job.run))
    if not lines:
        return job
    step, steps, numbers = lines[-1]
    loss = LOSS.search(numbers)
    return replace(job, step=int(step), steps=int(steps), loss=loss[1] if loss else "")


def _log(run: Identity) -> str:
    """Return the end of the log of a training: of the workflow, else of a command by hand."""
    if (log := log_of(run, "train")).exists():
        return tail(log)
    return tail(run.folder() / ATTEMPTS).rpartition("--- attempt of ")[2]


def _age(path: Path) -> float:
    try:
        return max(time.time() - path.stat().st_mtime, 0.0)
    except OSError:
        return 0.0
