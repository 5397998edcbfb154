"""The log of a training, `progress.jsonl`, with a line for each snapshot."""

from __future__ import annotations

import json
from pathlib import Path

from bench.core.files import write_text

LOG = "progress.jsonl"


def forget_after(step: int, out: Path) -> None:
    """Delete log lines and snapshots after this step: the step of the state from which a stopped training resumes."""
    for path in (out / "actors").glob("*.safetensors"):
        if int(path.stem) > step:
            path.unlink()
    log = out / LOG
    if log.exists():
        rows = log.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [row for row in rows if row.endswith("\n")]  # the last line may be incomplete
        write_text(log, "".join(row for row in whole if json.loads(row)["step"] <= step))


def learning_curve(out: Path) -> list[list[float | None]]:
    """Return a row for each snapshot: its step, and the mean return of recent training episodes."""
    log = out / LOG
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    return [[row["step"], row["training_return"]] for row in rows]
