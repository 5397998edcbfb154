"""What a config says of a task: where its data are, and how its runs are evaluated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.tasks.registry import family_of, is_imported, task_by_name

MANIFEST = "manifest.json"  # as in bench.datasets.storage, whose imports take longer than a plan
PUBLISHED_FOLDERS = {"d4rl": "v2"}  # other sources: the size and the seed of the sample
DEFAULT_EVALUATION = {"diagnostic_episodes": 1000, "max_steps": None, "episode_list": None}


def manifest_of(config: dict[str, Any], name: str) -> Path:
    """Return the manifest of a task's data, relative to the working directory. A published source has the data of some
    domains; the others are generated.

    Args:
        config: the whole config.
        name: of the task.
    """
    if is_imported(name):
        return Path("data", "imported", name, MANIFEST)
    task = task_by_name(name)
    family, domain = family_of(task), task.domain.name
    chosen = config["data"] | config["data"].get("domains", {}).get(domain, {})
    if chosen["source"] == family.source and domain in family.published:
        own = PUBLISHED_FOLDERS.get(family.source, "{steps}-{seed}").format(**chosen)
        return Path("data", family.source, name, own, MANIFEST)
    steps = family.kinds[task.kind].steps or chosen["steps"]
    return Path("data", "generated", name, f"{steps}-{chosen['seed']}", MANIFEST)


def evaluation_of(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of the evaluation on a task; a domain can have its own.

    Args:
        config: the whole config.
        name: of the task.
    """
    general: dict[str, Any] = config["evaluation"]
    own: dict[str, Any] = general.get("domains", {}).get(name.split("-", 1)[0], {})
    return DEFAULT_EVALUATION | general | own
