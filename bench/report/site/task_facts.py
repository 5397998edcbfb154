"""What is known of a task: its environment, its data set and its scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, read_json
from bench.report.site.artifact_files import ArtifactFiles
from bench.report.site.inputs import Inputs
from bench.report.site.render import number
from bench.runs.planned import manifest_of
from bench.tasks.registry import family_of, task_by_name


def facts(task: str) -> dict[str, str]:
    """Return facts about the environment of a task, name -> text; empty if the task is not known here."""
    try:
        found = task_by_name(task)
    except (ValueError, DamagedFile):
        return {}
    family, domain = family_of(found), found.domain
    kind = family.kinds.get(found.kind)
    return {
        "family": family.label,
        "environment": domain.environment,
        "data": kind.meaning if kind else f"imported by the user: {found.kind}",
        "longest episode": f"{domain.horizon:,} steps",
        "target return": f"{domain.target_return:g}",
        "score 0 and 100": f"returns {domain.reference_min:g} and {domain.reference_max:g}",
        "unit": family.unit.name,
    }


def data_facts(inputs: Inputs, task: str, tables: list[ArtifactFiles]) -> dict[str, str]:
    """Return facts about the data set of a task: from its manifest, or without one from a table of data sets.

    Args:
        inputs: what the site is made of.
        task: its name.
        tables: the tables of data sets that were made.
    """
    manifest = _manifest(inputs, task)
    if manifest:
        return dict(_of_manifest(manifest))
    for made in tables:
        for row in made.grid.rows if made.grid else ():
            if row and row[0] == task:
                return dict(zip(made.grid.headings[1:], row[1:], strict=True)) if made.grid else {}
    return {}


def _manifest(inputs: Inputs, task: str) -> dict[str, Any]:
    if inputs.data is None:
        return {}
    try:
        path = inputs.data / Path(*manifest_of(inputs.config, task).parts[1:])
        found = read_json(path)
    except (OSError, ValueError, KeyError, DamagedFile):
        return {}
    return found if isinstance(found, dict) else {}


def _of_manifest(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a manifest says; what it lacks is left out."""
    for key, name in (("source", "source"), ("episodes", "episodes"), ("steps", "steps")):
        if key in manifest:
            value = manifest[key]
            yield name, f"{value:,}" if isinstance(value, int) else str(value)
    for key in ("return", "score", "length"):
        found = manifest.get(key)
        if isinstance(found, dict) and {"mean", "std", "min", "max"} <= set(found):
            mean, std, low, high = (number(found[name]) for name in ("mean", "std", "min", "max"))
            yield f"{key} of an episode", f"{mean} ± {std} ({low} to {high})"
    if {"terminals", "timeouts"} <= set(manifest):
        yield "ends", f"{manifest['terminals']:,} terminals, {manifest['timeouts']:,} time-outs"
    if "digest" in manifest:
        yield "digest", str(manifest["digest"])
