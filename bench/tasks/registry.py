"""The registry of tasks: environment, horizon, target return, return scale, reference scores. The
numbers are in tasks.toml; a task that a user imported carries its own beside its data.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.core.files import DamagedFile, digest, intact, read_json, write_json

KINDS = ("medium-expert", "medium", "medium-replay")  # of MuJoCo data, in the order of Table 2
# the data of the other domains come of no trained policy: kind -> transitions. Key-to-Door's are
# 1,000 and 10,000 episodes of 120 steps (Table 6), a graph's 1,000 walks of at most 10 (p.20)
SIZES = {"1k": 120_000, "10k": 1_200_000, "walks": 10_000}
REPLAY = "replay"  # of Atari data: what a player saw while it learnt

GAMES = ("breakout", "qbert", "pong", "seaquest")  # Atari's, in the order of Table 1


@dataclass(frozen=True)
class Domain:
    """An environment and the constants that belong to it; tasks.toml says what each is and where it
    comes from.
    """

    name: str
    label: str
    environment: str
    horizon: int
    target_return: float
    return_scale: float
    reference_min: float
    reference_max: float

    def normalised(self, episode_return: float) -> float:
        """Return the D4RL-normalised score of an episode return: 0 is the random policy, 100 the
        expert.

        Fu et al. 2020, section 6 (times 100). For a spread use `normalised_spread`: it has no
        offset.
        """
        return (
            100 * (episode_return - self.reference_min) / (self.reference_max - self.reference_min)
        )

    def normalised_spread(self, spread: float) -> float:
        """Return a standard deviation or a width of returns in normalised points: scaled, never
        shifted.
        """
        return 100 * spread / (self.reference_max - self.reference_min)


@dataclass(frozen=True)
class Task:
    """A domain and the kind of data to learn from: a row of the paper's Table 2 or 6."""

    domain: Domain
    kind: str

    @property
    def name(self) -> str:
        """Return the name used in configs, paths and records, such as `hopper-medium`."""
        return f"{self.domain.name}-{self.kind}"


DOMAINS = {
    name: Domain(name=name, **constants)
    for name, constants in tomllib.loads(
        Path(__file__).with_name("tasks.toml").read_text(encoding="utf-8")
    ).items()
}


def _kinds(domain: str) -> tuple[str, ...]:
    if domain == "key_to_door":
        return ("1k", "10k")
    if domain in GAMES:
        return (REPLAY,)
    return ("walks",) if domain.startswith("graph") else KINDS


_PAIRS = [(domain, kind) for domain in DOMAINS for kind in _kinds(domain)]
TASKS = {
    task.name: task
    for task in (
        Task(DOMAINS[domain], kind)
        for domain, kind in sorted(_PAIRS, key=lambda pair: (*KINDS, *SIZES, REPLAY).index(pair[1]))
    )
}
MUJOCO = tuple(task.name for task in TASKS.values() if task.kind in KINDS)
ATARI = tuple(task.name for task in TASKS.values() if task.kind == REPLAY)


IMPORTED = Path("data", "imported")  # relative to the working directory, as results are
TASK_FILE = "task.json"


def domain_by_name(name: str) -> Domain:
    """Return a domain.

    Raises:
        ValueError: there is no such domain.
    """
    if name not in DOMAINS:
        raise ValueError(f"unknown domain {name!r}; known: {', '.join(DOMAINS)}")
    return DOMAINS[name]


def known_tasks(imported: Path = IMPORTED) -> list[str]:
    """Return the names of all tasks: those of the registry, then those that were imported here."""
    found = sorted(path.parent.name for path in imported.glob(f"*/{TASK_FILE}"))
    return [*TASKS, *(name for name in found if name not in TASKS)]


def is_imported(name: str, imported: Path = IMPORTED) -> bool:
    """Return whether a task brings its own data (`bench data import`)."""
    return name not in TASKS and (imported / name / TASK_FILE).exists()


def task_by_name(name: str, imported: Path = IMPORTED) -> Task:
    """Return a task.

    Raises:
        ValueError: there is no such task.
        DamagedFile: it was imported, and what describes it is damaged.
    """
    if name in TASKS:
        return TASKS[name]
    path = imported / name / TASK_FILE
    if not path.exists():
        raise ValueError(
            f"unknown task {name!r}; known: {', '.join(known_tasks(imported))}. "
            "`bench data import` makes a task of your own data"
        )
    content = read_json(path)
    try:
        if not intact(content):
            raise ValueError("its digest is not that of its content")
        return Task(Domain(**content["domain"]), content["kind"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(f"{path} is damaged ({error}); import the data again") from error


def write_task(task: Task, folder: Path) -> None:
    """Write what `task_by_name` reads, into the folder of the task's imported data."""
    content = {"domain": asdict(task.domain), "kind": task.kind}
    write_json(folder / TASK_FILE, content | {"digest": digest(content)})
