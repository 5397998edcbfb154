"""The curve of each training as a CSV in the folder of its run: loss, learning rate, norm of the gradient, scores.

Nothing here decides a number, and no module that does imports it: `bench train` watches its training from outside
(`recorded`), so neither a fingerprint nor a record knows of the file.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import math
import sys
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, read_json, replacing
from bench.methods.context import Context
from bench.runs.identity import RESULT
from bench.runs.train import TRAINING
from bench.tasks.registry import task_by_name

LOSSES = "losses.csv"
FIRST = ("step", "loss", "rate", "gradient_norm", "score")  # columns that every file has
# of the content of a file that is JSON, and no record
NO_RECORD = (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError, DamagedFile)
Points = dict[int, dict[str, float]]  # step -> name -> value

_optimisers: weakref.WeakSet[Any] = weakref.WeakSet()


@contextlib.contextmanager
def recorded() -> Iterator[None]:
    """Write the curve of the training in this context, a row at each line of its log.

    Rate and norm are read from torch's optimisers after the update that is logged: the rate of the one with most
    parameters, and the norm of all their gradients together, after clipping. A method without torch has none. A file
    that cannot be written stops no training.
    """
    plain, generator = Context.log, Context.generator
    handles: list[Any] = []

    def begin(self: Context, purpose: str) -> Any:
        if (
            not handles
        ):  # methods ask for their random numbers before they learn, and have loaded torch by then
            handles.extend(_watch_optimisers())
        return generator(self, purpose)

    @functools.wraps(plain)
    def log(self: Context, step: int, **numbers: float) -> None:
        plain(self, step, **numbers)
        if self.folder is not None:
            with contextlib.suppress(OSError):
                _append(self.folder / LOSSES, self.losses, _measured())

    Context.log, Context.generator = log, begin  # type: ignore[method-assign]
    try:
        yield
    finally:
        Context.log, Context.generator = plain, generator  # type: ignore[method-assign]
        for handle in handles:
            handle.remove()


def add_scores(run: Path) -> None:
    """Add the scores of the kept snapshots to the curve of a run that was evaluated. A curve that is missing, as of a
    run that was trained elsewhere, is made of the record of the training.
    """
    write(run / LOSSES, points_of(run))


def points_of(run: Path) -> Points:
    """Return the curve of a run, from its CSV and its records; empty if there is nothing of it yet."""
    training = _json(run / TRAINING)
    logged = _logged(training)
    points = logged or {}
    for step, numbers in read(run / LOSSES).items():
        if logged is None or step in points:
            points[step] = numbers | points.get(step, {})
    for step, score in _scores(run, training).items():
        points.setdefault(step, {})["score"] = score
    return dict(sorted(points.items()))


def _logged(training: dict[str, Any]) -> Points | None:
    """Return the numbers that the record of a training has; None if it is no such record."""
    points: Points = {}
    with contextlib.suppress(*NO_RECORD):
        for line in training["losses"]:
            numbers = {name: float(value) for name, value in line.items() if name != "step"}
            points.setdefault(int(line["step"]), {}).update(numbers)
        return points
    return None


def _scores(run: Path, training: dict[str, Any]) -> dict[int, float]:
    """Return the scores that the record of a run has; empty if it is no record, or of a task that is not known here."""
    with contextlib.suppress(*NO_RECORD):
        result = _json(run / RESULT)
        domain = task_by_name(result["identity"]["task"], described=training.get("task")).domain
        return {
            each["step"]: domain.normalised(math.fsum(each["returns"]) / len(each["returns"]))
            for each in result["evaluations"]
        }
    return {}


def read(path: Path) -> Points:
    """Return the rows of a curve; a row that is incomplete, as one that is being written, is left out."""
    points: Points = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                with contextlib.suppress(ValueError, TypeError, KeyError):
                    step = int(row.pop("step"))
                    points[step] = {name: float(text) for name, text in row.items() if text}
    except (OSError, UnicodeDecodeError, csv.Error):
        return {}
    return points


def write(path: Path, points: Points) -> None:
    """Write a curve; the write is atomic."""
    names = [*FIRST, *sorted({name for each in points.values() for name in each} - {*FIRST})]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        for step, numbers in points.items():
            writer.writerow({"step": step, **{name: f"{n:.9g}" for name, n in numbers.items()}})


def _append(path: Path, losses: list[dict[str, float]], measured: Mapping[str, float]) -> None:
    """Write the last line of a log. The lines before it are those of this training, also if it was resumed."""
    before = read(path)
    points: Points = {}
    for line in losses:
        step, numbers = int(line["step"]), {name: n for name, n in line.items() if name != "step"}
        kept = before.get(step, {})
        same = math.isclose(kept.get("loss", math.nan), numbers.get("loss", math.nan), rel_tol=1e-6)
        points[step] = (kept if same else {}) | numbers
        points[step].pop("score", None)
    points[int(losses[-1]["step"])].update(measured)
    write(path, points)


def _watch_optimisers() -> list[Any]:
    """Remember every optimiser of torch that takes a step. Returns what ends that; nothing if torch is not loaded."""
    if "torch" not in sys.modules:
        return []
    from torch.optim.optimizer import register_optimizer_step_post_hook

    def remember(optimiser: Any, args: Any, kwargs: Any) -> None:
        _optimisers.add(optimiser)

    _optimisers.clear()
    return [register_optimizer_step_post_hook(remember)]


def _measured() -> dict[str, float]:
    """Return the learning rate and the norm of the gradient after the last update."""
    found = [
        (sum(parameter.numel() for parameter in group["params"]), group)
        for optimiser in list(_optimisers)
        for group in optimiser.param_groups
    ]
    if not found:
        return {}
    rate = float(max(found, key=lambda pair: pair[0])[1]["lr"])
    squares = [
        float(parameter.grad.detach().double().square().sum())
        for _, group in found
        for parameter in group["params"]
        if parameter.grad is not None
    ]
    norm = math.sqrt(math.fsum(squares)) if squares else math.nan
    return {"rate": rate} | ({"gradient_norm": norm} if math.isfinite(norm) else {})


def _json(path: Path) -> dict[str, Any]:
    try:
        content = read_json(path)
    except (DamagedFile, OSError):
        return {}
    return content if isinstance(content, dict) else {}
