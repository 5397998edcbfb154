"""The registry of all tasks. Families of tasks are files in this folder. The description of a task that a user
imported lies beside its data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, digest, intact, read_json, write_json
from bench.tasks.environment_id import gymnasium_id, settings_of
from bench.tasks.families import KIND, NAME, Domain, Family, domain_of, read_families


@dataclass(frozen=True)
class Task:
    """A domain and the kind of data to learn from: a row of the paper's Table 2 or 6."""

    domain: Domain
    kind: str

    @property
    def name(self) -> str:
        """Return the name used in configs, paths and records, such as `hopper-medium`."""
        return f"{self.domain.name}-{self.kind}"


FAMILIES = read_families()
DEFAULT = next(family for family in FAMILIES.values() if family.default)
DOMAINS = {name: domain for family in FAMILIES.values() for name, domain in family.domains.items()}
TASKS = {
    task.name: task
    for family in FAMILIES.values()
    for task in (Task(domain, kind) for kind in family.kinds for domain in family.domains.values())
}
_FAMILY_OF = {
    d.environment: family for family in FAMILIES.values() for d in family.domains.values()
}


def family_of_environment(environment: str) -> Family:
    """Return the family of an environment. If no family names it, return the default family. Settings of the
    environment do not matter.
    """
    return _FAMILY_OF.get(gymnasium_id(environment), DEFAULT)


def family_of(task: Task) -> Family:
    """Return the family of the environment of a task."""
    return family_of_environment(task.domain.environment)


def registered_domain(environment: str) -> str:
    """Return the name of the registered domain with this environment; empty if there is none.

    What the paper says of a domain holds for its environment, not for a task that has its name.
    """
    return next((d.name for d in DOMAINS.values() if d.environment == environment), "")


def kind_of(task: str) -> str:
    """Return the kind of data of a registered task; empty for imported data, whose name a user chose."""
    return TASKS[task].kind if task in TASKS else ""


def family_of_all(tasks: Iterable[str]) -> Family:
    """Return the family of all of these tasks. If they have several, return the default family."""
    found = {family_of(task_by_name(name)).name for name in tasks}
    return FAMILIES[found.pop()] if len(found) == 1 else DEFAULT


def tasks_of(family: str) -> tuple[str, ...]:
    """Return the names of the tasks of a family, in the order of tables.

    Raises:
        KeyError: there is no such family.
    """
    found = FAMILIES[family]
    return tuple(f"{domain}-{kind}" for kind in found.kinds for domain in found.domains)


IMPORTED = Path("data", "imported")  # relative to the working directory, as results are
TASK_FILE = "task.json"
LABEL = 40  # characters


def domain_by_name(name: str) -> Domain:
    """Return the domain of this name.

    Raises:
        ValueError: there is no such domain.
    """
    if name not in DOMAINS:
        raise ValueError(f"unknown domain {name!r}; known: {', '.join(DOMAINS)}")
    return DOMAINS[name]


def known_tasks(imported: Path = IMPORTED) -> list[str]:
    """Return the names of all tasks: first those of the families, then the imported ones."""
    found = sorted(path.parent.name for path in imported.glob(f"*/{TASK_FILE}"))
    return [*TASKS, *(name for name in found if name not in TASKS)]


def is_imported(name: str, imported: Path = IMPORTED) -> bool:
    """Return whether a user imported the data of a task (`bench data import`)."""
    return name not in TASKS and (imported / name / TASK_FILE).exists()


def task_by_name(
    name: str,
    imported: Path = IMPORTED,
    *,
    folder: Path | None = None,
    described: dict[str, Any] | None = None,
) -> Task:
    """Return the task of this name.

    Args:
        name: of the task.
        imported: the folder of imported tasks.
        folder: of a data set. If the description of an imported task lies in it, that is the task, in any working
            directory.
        described: the task as the training of a run recorded it; used for imported data that are not here.

    Raises:
        ValueError: there is no such task.
        DamagedFile: the task was imported, and its description is damaged.
    """
    if name in TASKS:
        return TASKS[name]
    if folder is not None and (folder / TASK_FILE).exists():
        return _read_task(folder / TASK_FILE)
    path = imported / name / TASK_FILE
    if path.exists():
        task = _read_task(path)
    elif described is not None:
        task = _checked(Path(f"the record of {name}"), described)
    else:
        raise ValueError(
            f"unknown task {name!r}; known: {', '.join(known_tasks(imported))}. "
            "`bench data import` makes a task of your own data"
        )
    if task.name != name:
        raise DamagedFile(
            f"{path} describes the task {task.name!r}, but its folder is {name!r}; import the data again"
        )
    return task


def _read_task(path: Path) -> Task:
    """Return the task of a description."""
    content = read_json(path)
    if not intact(content):
        raise DamagedFile(
            f"{path} is damaged (its digest is not that of its content); import the data again"
        )
    return _checked(path, content)


def _checked(path: Path, content: dict[str, Any]) -> Task:
    """Return a task whose description may be from somebody else: nothing in it is imported."""
    try:
        task = Task(domain_of(path, content["domain"]), content["kind"])
        settings_of(task.domain.environment)
        if not re.fullmatch(f"{NAME}-{KIND}", task.name):
            raise ValueError(f"{task.name!r} cannot be the name of a task")
        if task.name in TASKS:
            raise ValueError(f"the suite has a task {task.name!r} of its own")
        check_domain(task.name, task.domain.environment)
        check_label(task.domain.label, task.domain.name)
        _check_reference(task.domain)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"{path} is damaged ({error}); import the data again") from error
    return task


def check_domain(name: str, environment: str) -> None:
    """Refuse a task name that begins with a domain of the suite if the data are from another environment.

    Tables show such a task under the label of the domain, and a config has settings for it. Another version of the
    environment is allowed.

    Raises:
        ValueError: the environment is not that of the domain.
    """
    short = name.partition("-")[0]
    if short in DOMAINS and _unversioned(environment) != _unversioned(DOMAINS[short].environment):
        raise ValueError(
            f"{name}: {short} means {DOMAINS[short].environment}, but the data are from {environment}; "
            "begin the name with another word"
        )


def check_label(label: str, name: str) -> None:
    """Refuse a label that a table cannot show, or that is the label of another domain.

    Raises:
        ValueError: the label is empty, too long, has control characters, or is that of another domain.
    """
    if not label.strip() or len(label) > LABEL or not label.isprintable():
        raise ValueError(f"the label {label[:80]!r} must be 1 to {LABEL} characters on one line")
    if label in {domain.label for domain in DOMAINS.values() if domain.name != name}:
        raise ValueError(f"the label {label!r} is that of another domain; choose another one")


def _check_reference(domain: Domain) -> None:
    """Refuse reference scores of an environment of the suite that are not those of the suite."""
    known = DOMAINS.get(registered_domain(domain.environment))
    if known is None:
        return
    own = (known.reference_min, known.reference_max)
    if (domain.reference_min, domain.reference_max) != own:
        raise ValueError(
            f"its reference scores are {domain.reference_min:g} and {domain.reference_max:g}, but those of "
            f"{domain.environment} are {own[0]:g} and {own[1]:g}"
        )


def _unversioned(environment: str) -> str:
    """Return a Gymnasium id without its module, its version and its settings."""
    return re.sub(r"-v\d+$", "", gymnasium_id(environment).rpartition(":")[2])


def write_task(task: Task, folder: Path) -> None:
    """Write the description that `task_by_name` reads, into the folder of the imported data."""
    content = {"domain": asdict(task.domain), "kind": task.kind}
    write_json(folder / TASK_FILE, content | {"digest": digest(content)})
