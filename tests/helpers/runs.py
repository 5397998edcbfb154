"""Small runs of one data set: train, stop, evaluate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from bench.methods.training import fit
from bench.runs import evaluate, record
from bench.runs.train import train_run


def stop_after(count: int, module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the `count`-th update of a method raise KeyboardInterrupt, as Ctrl-C would."""

    def interrupted_fit(update: Callable[..., Tensor], *rest: Any) -> None:
        def interrupted_update(step: int, generator: np.random.Generator) -> Tensor:
            if step == count:
                raise KeyboardInterrupt
            return update(step, generator)

        fit(interrupted_update, *rest)

    monkeypatch.setattr(module, "fit", interrupted_fit)


def run_folder(
    root: Path, method: str = "bc", reward: str = "dense", percent: str = "100", seed: int = 0
) -> Path:
    """Return the folder of a run on hopper-medium below `root`."""
    return (
        root / "results" / "tiny" / "runs" / "hopper-medium" / reward / percent / method / str(seed)
    )


OPTIONS: dict[str, dict[str, Any]] = {
    "dt": {"context_length": 3, "layers": 1, "width": 16, "batch_size": 8},
    "bc": {"width": 16, "batch_size": 8},
    "cql": {"width": 16, "batch_size": 8},
    "behaviour": {},
}


def train_one(folder: Path, data: Path, module: str = "bc", steps: int = 20) -> None:
    """Train a run of `OPTIONS` and keep policies at 25, 50 and 100 % of its steps."""
    train_run(
        folder,
        data,
        module=module,
        options=OPTIONS[module],
        steps=steps,
        curve=(0.25, 0.5, 1.0),
        device="cpu",
    )


def evaluate_one(folder: Path, episodes: int = 3, curve_episodes: int = 1) -> dict[str, Any]:
    """Evaluate a run and return its record."""
    evaluate.evaluate_run(
        folder, episodes=episodes, num_envs=2, curve_episodes=curve_episodes, device="cpu"
    )
    return record.read(folder / record.RESULT)
