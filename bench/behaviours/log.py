"""The log of a training, `progress.jsonl`: a line for each kept policy."""

from __future__ import annotations

import json
from pathlib import Path

from bench.core.files import write_text

LOG = "progress.jsonl"


def forget_after(step: int, out: Path) -> None:
    """Drop what a stopped training logged and kept after the state from which it goes on."""
    for path in (out / "actors").glob("*.safetensors"):
        if int(path.stem) > step:
            path.unlink()
    log = out / LOG
    if log.exists():
        rows = log.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [row for row in rows if row.endswith("\n")]  # the last one may be cut
        write_text(log, "".join(row for row in whole if json.loads(row)["step"] <= step))


def learning_curve(out: Path) -> list[list[float | None]]:
    """Return step and mean return of the training's recent episodes, a row for each kept policy."""
    log = out / LOG
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    rows = [json.loads(line) for line in text.splitlines()]
    return [[row["step"], row["training_return"]] for row in rows]
