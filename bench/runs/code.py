"""The files of code that decide the numbers of a training, an evaluation or a data set.

The workflow plans a run again when one of these files changes, and the records name them. Their digest
is `bench.core.code.fingerprint`; its docstring says what it leaves out.
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
# what gives an environment to a training
ONLINE = Path("bench", "methods", "online.py")
# the target returns of a sweep come from these files
GRID = tuple(
    Path("bench", "paper", name)
    for name in ("drawn.py", "rows.py", "figure4.csv", "figure4_lines.csv")
)


def training_files(module: str, task: Task | None = None) -> tuple[Path, ...]:
    """Return the files that decide the numbers of a training; data and constants are not among them.

    Args:
        module: of the method.
        task: of the run. A method that learns online also depends on the environment of the task's family.
    """
    own = (method_file(module), HERE / "train.py")
    return (*own, *family_of(task).files) if task and learns_online(module) else own


def learns_online(module: str) -> bool:
    """Return whether a method may learn in its environment: whether it imports what gives it one."""
    return ONLINE.as_posix() in fingerprint(method_file(module))


def evaluation_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide the numbers of an evaluation; of all environments, only those of the
    task's family are among them.
    """
    return (method_file(module), HERE / "evaluate.py", *family_of(task).files)


def sweep_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide the numbers of a sweep."""
    return (method_file(module), HERE / "sweep.py", *GRID, *family_of(task).files)


def diagnostic_files(module: str, task: Task, diagnostic: Diagnostic) -> tuple[Path, ...]:
    """Return the files that decide the numbers of a diagnostic."""
    own = (HERE / "diagnose.py", diagnostic.file)
    return (method_file(module), *own, *family_of(task).files)


def video_files(module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide the frames of a video."""
    return (method_file(module), HERE / "video.py", *family_of(task).files)


def generator_files(task: Task) -> tuple[Path, ...]:
    """Return the files that decide a generated data set; the behaviour policies are not among them."""
    family = family_of(task)
    return (
        Path("bench", "behaviours", "generate.py"),
        module_file(family.generator),
        *family.files,
    )


def record_files(name: str, module: str, task: Task) -> tuple[Path, ...]:
    """Return the files that decide the record of a trained policy.

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
    raise ValueError(f"{name} is not the name of a record; known: {', '.join(known)}")


def training_code(module: str) -> Fingerprint:
    """Return the fingerprint of a training."""
    return fingerprint(*training_files(module))


def record_code(name: str, module: str, task: Task) -> Fingerprint:
    """Return the fingerprint of the record of a trained policy.

    Raises:
        ValueError: there is no such record.
    """
    return fingerprint(*record_files(name, module, task))
