"""The context of a training: the seed, the budget and the task of a run, and services that all methods share."""

from __future__ import annotations

import math
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bench.core import stopping
from bench.core.files import DamagedFile, sha256
from bench.core.seeds import derive
from bench.methods import checkpoints
from bench.methods.contract import Diverged, Policy
from bench.tasks.registry import Task

SNAPSHOTS = "snapshots"


@dataclass
class Context:
    """The argument `context` of `train`.

    Attributes:
        task: the task, with its constants: target return, return scale, horizon.
        seed: the seed of this run. It differs between tasks, methods and seed indices.
        steps: number of gradient steps.
        device: a torch device.
        folder: the folder of checkpoints and snapshots. With None, nothing is written (for tests).
        snapshot_steps: steps at which a snapshot of the policy is kept, for the learning curve. Step 0 is
            always kept.
        save_every: seconds between two checkpoints. A stopped run resumes from the last one.
        stamp: hash of everything that a checkpoint and the run that resumes from it must share.
        losses: the step and the numbers of every log line, for the record.
        snapshot_seconds: step -> processor time in seconds until its snapshot, without step 0.
        snapshots: name of the file -> SHA-256, for each snapshot.
    """

    task: Task
    seed: int
    steps: int
    device: str = "cpu"
    folder: Path | None = None
    snapshot_steps: tuple[int, ...] = ()
    save_every: float = 60.0
    stamp: str = ""
    losses: list[dict[str, float]] = field(default_factory=list)
    snapshot_seconds: dict[int, float] = field(default_factory=dict)
    snapshots: dict[str, str] = field(default_factory=dict)
    _bar: Any = None
    _saved: float = field(default_factory=time.monotonic)
    _began: tuple[float, float] = field(
        default_factory=lambda: (time.perf_counter(), time.process_time())
    )
    _before: tuple[float, float] = (0.0, 0.0)

    def generator(self, purpose: str) -> np.random.Generator:
        """Return a NumPy generator for one purpose of this run."""
        return np.random.default_rng(derive("run", self.seed, purpose))

    @contextmanager
    def torch_random(self) -> Iterator[None]:
        """Seed torch's generators for this run. Restore their states at the end of the context."""
        import torch

        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(derive("run", self.seed, "torch"))
            yield

    def log(self, step: int, **numbers: float) -> None:
        """Report progress: as a bar on a terminal, as plain lines in a file.

        Args:
            step: gradient steps so far.
            numbers: values such as `loss`.

        Raises:
            Diverged: a number is not finite.
        """
        for name, value in numbers.items():
            if not math.isfinite(value):
                raise Diverged(step, name)
        self.losses.append(
            {"step": step, **{name: float(value) for name, value in numbers.items()}}
        )
        text = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
        if self._bar is None and sys.stderr.isatty():
            self._bar = tqdm(total=self.steps, desc=self.task.name, unit="step", dynamic_ncols=True)
        if self._bar is not None:
            self._bar.set_postfix_str(text)
            self._bar.update(step - self._bar.n)
        else:
            print(f"step {step}/{self.steps}  {text}", flush=True)

    def snapshot(self, step: int, policy: Policy) -> None:
        """Write a snapshot of the policy if the step is 0 or one of `snapshot_steps`."""
        if self.folder is not None and (step == 0 or step in self.snapshot_steps):
            folder = self.folder / SNAPSHOTS
            folder.mkdir(parents=True, exist_ok=True)
            if step > 0:
                self.snapshot_seconds[step] = self.spent()[1]
            path = folder / f"{step:08d}.safetensors"
            policy.save(path)
            self.snapshots[path.name] = sha256(path)

    def spent(self) -> tuple[float, float]:
        """Return the wall time and the processor time so far, in seconds. Both include the time before a stop."""
        seconds, cpu_seconds = self._before
        return (
            seconds + time.perf_counter() - self._began[0],
            cpu_seconds + time.process_time() - self._began[1],
        )

    def checkpoint(self, step: int, state: Callable[[], dict[str, Any]]) -> None:
        """Save a checkpoint if `save_every` seconds have passed since the last one, or if this run was asked to stop.
        Training loops call it after each update.

        Args:
            step: gradient steps so far.
            state: returns the training state, name -> torch tensor.

        Raises:
            Stopped: the run was asked to stop (SIGTERM or SIGINT). The checkpoint is saved.
        """
        asked = stopping.requested() is not None
        if self.folder is not None and (asked or time.monotonic() - self._saved >= self.save_every):
            about = {
                "step": step,
                "losses": self.losses,
                "stamp": self.stamp,
                "spent": self.spent(),
                "snapshot_seconds": list(self.snapshot_seconds.items()),
                "snapshots": self.snapshots,
            }
            checkpoints.write(self.folder, about, state())
            self._saved = time.monotonic()
            if asked:
                print(f"stopped and saved at step {step}/{self.steps}", flush=True)
        stopping.check()

    def resume(self) -> tuple[int, dict[str, Any]] | None:
        """Return the step and the training state of the last checkpoint, or None if there is no checkpoint.

        Raises:
            DamagedFile: no checkpoint can be read, or a snapshot that was taken before it is damaged.
        """
        read = None if self.folder is None else checkpoints.read(self.folder)
        if read is None:
            return None
        about, state = read
        step: int = about["step"]
        self.losses[:] = about["losses"]
        self._before = tuple(about["spent"])
        self.snapshot_seconds = dict(about["snapshot_seconds"])
        self.snapshots = about["snapshots"]
        self.check_snapshots()
        print(f"resuming at step {step}/{self.steps}", flush=True)
        return step, state

    def check_snapshots(self) -> None:
        """Compare the snapshots with what was written.

        Raises:
            DamagedFile: one is missing or was changed.
        """
        for name, expected in self.snapshots.items():
            assert self.folder is not None  # else there are no snapshots
            path = self.folder / SNAPSHOTS / name
            if not path.exists() or sha256(path) != expected:
                raise DamagedFile(
                    f"snapshot {path} is missing or damaged; delete {self.folder} to start this run over"
                )

    def discard_stale(self) -> None:
        """Delete checkpoints of other data, code or settings, and their snapshots. Also delete snapshots without a
        checkpoint.

        Raises:
            DamagedFile: there are checkpoints, and each is damaged.
        """
        if self.folder is None:
            return
        read = checkpoints.read(self.folder)
        if read is None or read[0]["stamp"] != self.stamp:
            if read is not None:
                print(
                    f"the checkpoint at step {read[0]['step']} is of other data, code or settings and is not used",
                    flush=True,
                )
            checkpoints.remove(self.folder)
            shutil.rmtree(self.folder / SNAPSHOTS, ignore_errors=True)
