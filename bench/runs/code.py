"""Which files of the code decide the numbers of a training, an evaluation, a data set: one list for
the workflow, which plans a run again when they change, and for the records, which name them.

The digest of these files is `bench.core.code.fingerprint`; what it leaves out is written there.
"""

from __future__ import annotations

from pathlib import Path

from bench.core.code import fingerprint, method_file
from bench.runs.diagnostics.registry import DIAGNOSTICS, Diagnostic
from bench.runs.identity import RESULT, SWEEP
from bench.tasks.families import module_file
from bench.tasks.registry import Task, family_of

Fingerprint = dict[str, str]  # path -> short hash
HERE = Path("bench", "runs")
# a sweep's grid is the paper's
GRID = tuple(
    Path("bench", "paper", name)
    for name in ("drawn.py", "rows.py", "figure4.csv", "figure4_lines.csv")
)


def training_files(module: str) -> tuple[Path, ...]:
    """Return the files that decide a training's numbers, besides its data and constants."""
    return (method_file(module), HERE / "train.py")


def evaluation_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide an evaluation's numbers: of environments, those of the task's own
    family alone.
    """
    return (method_file(module), HERE / "evaluate.py", *family_of(task).files)


def sweep_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide a sweep's numbers."""
    return (method_file(module), HERE / "sweep.py", *GRID, *family_of(task).files)


def diagnostic_files(module: str, task: Task, diagnostic: Diagnostic) -> tuple[Path, ...]:
    """Return the files that decide what a diagnostic measures."""
    own = (HERE / "diagnose.py", diagnostic.file)
    return (method_file(module), *own, *family_of(task).files)


def video_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide what a video shows."""
    return (method_file(module), HERE / "video.py", *family_of(task).files)


def generator_files(task: Task) -> tuple[Path, ...]:
    """Return the files that decide a generated data set, besides the behaviour policies."""
    family = family_of(task)
    return (
        Path("bench", "behaviours", "generate.py"),
        module_file(family.generator),
        *family.files,
    )


def record_files(name: str, module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide what a record says of a trained policy.

    Args:
        name: of the record's file: `result.json`, `sweep.json`, or a diagnostic's.
        module: of the method.
        task: of the run.

    Raises:
        ValueError: there is no such record.
    """
    if name == RESULT:
        return evaluation_files(module, task)
    if name == SWEEP:
        return sweep_files(module, task)
    for diagnostic in DIAGNOSTICS.values():
        if diagnostic.record == name:
            return diagnostic_files(module, task, diagnostic)
    known = [RESULT, SWEEP, *(diagnostic.record for diagnostic in DIAGNOSTICS.values())]
    raise ValueError(f"{name} is no record of a run; known: {', '.join(known)}")


def training_code(module: str) -> Fingerprint:
    """Return the fingerprint of a training."""
    return fingerprint(*training_files(module))


def record_code(name: str, module: str, task: Task) -> Fingerprint:
    """Return the fingerprint of what a record says of a trained policy.

    Raises:
        ValueError: there is no such record.
    """
    return fingerprint(*record_files(name, module, task))
