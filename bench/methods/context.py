"""The context of a training: the seed, the budget and the task of a run, and services that all methods share."""

from __future__ import annotations

import json
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

from bench.core.files import DamagedFile, replacing
from bench.core.seeds import derive
from bench.methods.contract import Diverged, Policy
from bench.tasks.registry import Task

CHECKPOINT = "checkpoint.safetensors"
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
            policy.save(folder / f"{step:08d}.safetensors")

    def spent(self) -> tuple[float, float]:
        """Return the wall time and the processor time so far, in seconds. Both include the time before a stop."""
        seconds, cpu_seconds = self._before
        return (
            seconds + time.perf_counter() - self._began[0],
            cpu_seconds + time.process_time() - self._began[1],
        )

    def checkpoint(self, step: int, state: Callable[[], dict[str, Any]]) -> None:
        """Save a checkpoint if `save_every` seconds have passed since the last one.

        Args:
            step: gradient steps so far.
            state: returns the training state, name -> torch tensor.
        """
        if self.folder is None or time.monotonic() - self._saved < self.save_every:
            return
        from safetensors.torch import save_file

        with replacing(self.folder / CHECKPOINT) as temporary:
            about = {
                "step": step,
                "losses": self.losses,
                "stamp": self.stamp,
                "spent": self.spent(),
                "snapshot_seconds": list(self.snapshot_seconds.items()),
            }
            save_file(state(), temporary, metadata={"about": json.dumps(about, sort_keys=True)})
        self._saved = time.monotonic()

    def resume(self) -> tuple[int, dict[str, Any]] | None:
        """Return the step and the training state of the last checkpoint, or None if there is no checkpoint.

        Raises:
            DamagedFile: the checkpoint cannot be read.
        """
        read = self._read_checkpoint()
        if read is None:
            return None
        about, state = read
        step: int = about["step"]
        self.losses[:] = about["losses"]
        self._before = tuple(about["spent"])
        self.snapshot_seconds = dict(about["snapshot_seconds"])
        print(f"resuming at step {step}/{self.steps}", flush=True)
        return step, state

    def discard_stale(self) -> None:
        """Delete a checkpoint of other data, code or settings, and its snapshots. Also delete snapshots without a
        checkpoint.
        """
        if self.folder is None:
            return
        read = self._read_checkpoint()
        if read is None or read[0]["stamp"] != self.stamp:
            (self.folder / CHECKPOINT).unlink(missing_ok=True)
            shutil.rmtree(self.folder / SNAPSHOTS, ignore_errors=True)

    def _read_checkpoint(self) -> tuple[dict[str, Any], dict[str, Any]] | None:
        path = None if self.folder is None else self.folder / CHECKPOINT
        if path is None or not path.exists():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="pt") as file:
                about: dict[str, Any] = json.loads(file.metadata()["about"])
                state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about["step"], about["losses"], about["stamp"], about["spent"]
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            raise DamagedFile(
                f"checkpoint {path} is damaged ({error}); delete it to start this run over"
            ) from error
        return about, state
