"""Find the packed records that were not made by the current code and constants of tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.core.code import ROOT, method_file
from bench.runs import archive, links, record
from bench.runs.clock import CLOCK
from bench.runs.code import Fingerprint, record_code, training_code
from bench.runs.compare import first_difference
from bench.runs.links import Links
from bench.tasks.registry import Task, task_by_name


def stale(packed: Path, linked: Links | None = None) -> dict[str, str]:
    """Return path -> reason, for the records of an archive that were not made by the current code.

    Args:
        packed: the archive.
        linked: the fingerprints that count as equal; None: those of `links.json`.

    Raises:
        FileNotFoundError: there is no such archive.
        DamagedFile: the archive, a record in it or the links are damaged.
    """
    known = links.read() if linked is None else linked
    found = {}
    for path, content in archive.read(packed).items():
        if Path(path).name == CLOCK:
            continue
        checked = record.checked(content, f"{path} in {packed}", Path(path).parent)
        if reason := why_stale(Path(path).name, checked, known):
            found[path] = reason
    return found


def current_code(name: str, module: str, task: Task) -> dict[str, Fingerprint]:
    """Return the fingerprints of the current code: of a training, and of the record of a policy."""
    return {"training": training_code(module), "evaluation": record_code(name, module, task)}


def why_stale(
    name: str,
    content: dict[str, Any],
    linked: Links,
    code: Callable[[str, str, Task], dict[str, Fingerprint]] = current_code,
) -> str | None:
    """Return in one line why a record was not made by the current code and with the current constants of its
    task; None if it was.

    Args:
        name: of the record's file.
        content: of the record, checked.
        linked: the fingerprints that count as equal.
        code: returns the current code, for the name of a record, a module and a task.
    """
    module, hashes = content["module"], content["hashes"]
    if not (ROOT / method_file(module)).is_file():
        return f"method {module} no longer exists (there is no {method_file(module)})"
    try:
        task = task_by_name(content["identity"]["task"])
        now = code(name, module, task)
    except ValueError as error:
        return str(error).split("; known")[0]
    then: dict[str, Fingerprint] = {
        "training": hashes["code"],
        "evaluation": hashes.get("evaluation_code", {}),
    }
    constants = {"task": content["protocol"].get("task", asdict(task))}
    if difference := first_difference(constants, {"task": asdict(task)}):
        return difference
    for what, one in now.items():
        if not links.same(then[what], one, linked):
            return f"{what}: {links.first_difference(then[what], one)}"
    return None
