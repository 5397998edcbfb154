"""The times of a run: `run.json`, which lies beside its record.

Training and evaluation each have `cpu_seconds`, the processor time of their work, and `start_seconds`, that of
their process before it: imports and data.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, digest, intact, read_json, write_json

CLOCK = "run.json"
# the keys of this file before it had a digest, as in kept records. Any other key is a damaged one
UNSIGNED = frozenset(("training", "evaluation", "host", "python", "commit", "finished"))


def read_clock(record: Path) -> dict[str, Any] | None:
    """Return the times of a run, or None if there is no `run.json` beside its record.

    Raises:
        DamagedFile: the file is not JSON, was changed after it was written, or lacks the times of the training.
    """
    path = record.with_name(CLOCK)
    if not path.exists():
        return None
    clock: dict[str, Any] = read_json(path)
    if not (intact(clock) or (isinstance(clock, dict) and UNSIGNED.issuperset(clock))):
        raise DamagedFile(
            f"{path} was changed after it was written (digest differs); delete it and evaluate the run again"
        )
    try:
        float(clock["training"]["cpu_seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(
            f"{path} does not hold the processor time of its training; delete it and evaluate the run again"
        ) from error
    return clock


def write_clock(folder: Path, clock: dict[str, Any]) -> None:
    """Write the times of a run into its folder, with a digest."""
    write_json(folder / CLOCK, clock | {"digest": digest(clock)})


def updates_taken(result: dict[str, Any], step: int | None = None) -> int:
    """Return the updates that a run had taken at a step of its record; None: at its end.

    A run that diverged stopped there. Its score is that of its last sound snapshot.
    """
    stopped = result["diverged_at"]
    end: int = result["training"]["steps"] if stopped is None else stopped
    return end if step is None else min(step, end)


def core_seconds(result: dict[str, Any], clock: dict[str, Any], step: int) -> tuple[float, bool]:
    """Return the processor time of the training until a step, in seconds on one core.

    Args:
        result: the record of the run.
        clock: its times.
        step: the number of updates.

    Returns:
        The seconds, and whether they were measured. If the time at this step was not measured, it is the
        share of the whole training: every update then costs the same.
    """
    whole = float(clock["training"]["cpu_seconds"])
    end, taken = updates_taken(result), updates_taken(result, step)
    if taken == end:
        return whole, True
    if (measured := clock["training"].get("snapshots", {}).get(str(step))) is not None:
        return float(measured), True
    return whole * taken / end, False


def run_core_seconds(clock: dict[str, Any] | None) -> float:
    """Return the processor time of the training and the evaluation of a run; NaN if it is not known."""
    if clock is None or "cpu_seconds" not in clock.get("evaluation", {}):
        return math.nan
    return float(clock["training"]["cpu_seconds"]) + float(clock["evaluation"]["cpu_seconds"])
