"""Which tables and figures there are. Each is a module of this package and a block of `artifacts.toml`;
this file imports none of them, so that the workflow is planned without pandas.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.plan import BadConfig
from bench.tasks.registry import FAMILIES, family_of_all

HERE = Path(__file__).parent
TEXTS = (".html", ".csv", ".md", ".tex")
PICTURES = (".png", ".svg")


class BadArtifact(ValueError):
    """The block of an artifact cannot be used. The message names the file, the block and what to do."""


@dataclass(frozen=True)
class Spec:
    """A table or a figure; `artifacts.toml` says what each entry means."""

    title: str
    caption: str
    figure: bool = True
    sweep: bool = False
    diagnostic: str = ""
    family: str = ""
    reward: str = "dense"
    all_data: bool = True
    videos: Literal["", "one", "methods"] = ""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The formats that it is written in."""
        return TEXTS + PICTURES if self.figure else TEXTS

    def category(self, tasks: list[str]) -> str:
        """Return where it stands in the report if its suite has these tasks."""
        family = FAMILIES[self.family] if self.family else family_of_all(tasks)
        return family.category

    def caption_of(self, suite: str, scale: str) -> str:
        """Return the caption of this artifact of a suite."""
        return self.caption.replace("{{ suite }}", suite).replace("{{ scale }}", scale)


def read_specs(path: Path = HERE / "artifacts.toml") -> dict[str, Spec]:
    """Return name -> artifact.

    Raises:
        BadArtifact: a block has an unknown or a missing entry, names a diagnostic or a family that does not
            exist, or has no module.
    """
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _spec(path, name, entry) for name, entry in content.items()}


def _spec(path: Path, name: str, entry: dict[str, Any]) -> Spec:
    known = [each.name for each in fields(Spec)]
    if unknown := [key for key in entry if key not in known]:
        raise BadArtifact(
            f"{path}: {name}: unknown entry {unknown[0]!r}; known: {', '.join(known)}"
        )
    if missing := [key for key in ("title", "caption") if key not in entry]:
        raise BadArtifact(f"{path}: {name}: {missing[0]!r} is missing")
    spec = Spec(**entry)
    for value, there, what in (
        (spec.diagnostic, DIAGNOSTICS, "diagnostic"),
        (spec.family, FAMILIES, "family"),
        (spec.videos, {"one": 1, "methods": 1}, "choice of videos"),
    ):
        if value and value not in there:
            raise BadArtifact(
                f"{path}: {name}: unknown {what} {value!r}; known: {', '.join(there)}"
            )
    if not (path.parent / f"{name}.py").is_file():
        raise BadArtifact(f"{path}: {name} has no module {name}.py beside it")
    return spec


ARTIFACTS = read_specs()


def artifact_file(name: str) -> Path:
    """Return the module that makes an artifact, relative to the repository."""
    return Path("bench", "report", "artifacts", f"{name}.py")


def check_artifacts(config: dict[str, Any]) -> None:
    """Refuse artifacts that the runs of their suite cannot make, before anything is trained for them.

    Raises:
        BadConfig: names the suite, the artifact, and what it needs.
    """
    for suite, axes in config["suites"].items():
        for name in axes.get("artifacts", []):
            if name not in ARTIFACTS:
                raise BadConfig(
                    f"suites.{suite}.artifacts: unknown artifact {name!r}; known: {', '.join(ARTIFACTS)}"
                )
            if needs := _lacking(ARTIFACTS[name], axes):
                raise BadConfig(
                    f"suites.{suite}.artifacts: {name} needs {needs}, which the suite lacks"
                )


def _lacking(spec: Spec, axes: dict[str, Any]) -> str:
    if spec.sweep and not axes.get("sweep", False):
        return "`sweep: true`"
    if spec.diagnostic and axes.get("diagnostic") != spec.diagnostic:
        return f"`diagnostic: {spec.diagnostic}`"
    if spec.reward and spec.reward not in axes["rewards"]:
        return f"reward {spec.reward}"
    if spec.all_data and 100 not in axes["data_percents"]:
        return "100 among its data_percents"
    return ""
