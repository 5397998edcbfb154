"""The list of artifacts. Each is a module of this package and a block of `artifacts.toml`.

This file imports none of the modules, so that the workflow is planned without pandas.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.schema import BadConfig
from bench.tasks.entries import BadFamily
from bench.tasks.families import Family
from bench.tasks.registry import FAMILIES, family_of_all

HERE = Path(__file__).parent
TEXTS = (".html", ".csv", ".md", ".tex")
PICTURES = (".png", ".svg", ".pdf")
REWARDS = ("dense", "sparse")
VIDEOS = ("one", "methods")
SWITCHES = ("figure", "sweep", "all_data")  # entries that are true or false


class BadArtifact(ValueError):
    """A block of `artifacts.toml` cannot be used. The message names the file, the block and the fix."""


@dataclass(frozen=True)
class Spec:
    """An artifact, a table or a figure; `artifacts.toml` explains each entry."""

    title: str
    caption: str
    printed: str = ""
    figure: bool = True
    sweep: bool = False
    diagnostic: str = ""
    family: str = ""
    reward: str = "dense"
    all_data: bool = True
    videos: Literal["", "one", "methods"] = ""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of the files that are written."""
        return TEXTS + PICTURES if self.figure else TEXTS

    def category(self, tasks: list[str]) -> str:
        """Return its category in the report, for a suite with these tasks."""
        family = FAMILIES[self.family] if self.family else family_of_all(tasks)
        return family.category

    def caption_of(self, suite: str, scale: str, *, printed: bool = True) -> str:
        """Return its caption for a suite, with or without how the printed figure draws it."""
        text = f"{self.caption} {self.printed}" if printed and self.printed else self.caption
        return text.replace("{{ suite }}", suite).replace("{{ scale }}", scale)


def read_specs(path: Path = HERE / "artifacts.toml") -> dict[str, Spec]:
    """Return name -> artifact.

    Raises:
        BadArtifact: the file is not TOML, or a block has an unknown, a missing or a wrong entry, names an
            unknown diagnostic or family, or has no module.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadArtifact(f"{path}: not a TOML file: {error}") from error
    return {name: _spec(path, name, entry) for name, entry in content.items()}


def _spec(path: Path, name: str, entry: Any) -> Spec:
    if not isinstance(entry, dict):
        raise BadArtifact(f"{path}: {name} is {entry!r}; an artifact is a block [{name}]")
    known = [each.name for each in fields(Spec)]
    if unknown := [key for key in entry if key not in known]:
        raise BadArtifact(
            f"{path}: {name}: unknown entry {unknown[0]!r}; known: {', '.join(known)}"
        )
    if missing := [key for key in ("title", "caption") if key not in entry]:
        raise BadArtifact(f"{path}: {name}: {missing[0]!r} is missing")
    for key, value in entry.items():
        kind, word = (bool, "true or false") if key in SWITCHES else (str, "a text")
        if not isinstance(value, kind):
            raise BadArtifact(f"{path}: {name}.{key} is {value!r}, expected {word}")
    spec = Spec(**entry)
    for value, there, what in (
        (spec.diagnostic, DIAGNOSTICS, "diagnostic"),
        (spec.family, FAMILIES, "family"),
        (spec.reward, REWARDS, "reward"),
        (spec.videos, VIDEOS, "choice of videos"),
    ):
        if value and value not in there:
            raise BadArtifact(
                f"{path}: {name}: unknown {what} {value!r}; known: {', '.join(there)}"
            )
    if not (path.parent / f"{name}.py").is_file():
        raise BadArtifact(f"{path}: {name} has no module; add {name}.py to the same folder")
    return spec


def check_overviews(families: Iterable[Family], artifacts: dict[str, Spec]) -> None:
    """Refuse a family whose overview is no artifact.

    Raises:
        BadFamily: the message names the family and the artifacts.
    """
    for family in families:
        if family.overview not in artifacts:
            raise BadFamily(
                f"family {family.name}: family.overview names the artifact {family.overview!r}, which "
                f"artifacts.toml does not have; known: {', '.join(artifacts)}"
            )


ARTIFACTS = read_specs()
check_overviews(FAMILIES.values(), ARTIFACTS)


def artifact_file(name: str) -> Path:
    """Return the path of an artifact's module, relative to the repository."""
    return Path("bench", "report", "artifacts", f"{name}.py")


def check_artifacts(config: dict[str, Any]) -> None:
    """Refuse artifacts that cannot be made from the runs of their suite, before anything is trained.

    Raises:
        BadConfig: an artifact is unknown, or its suite lacks what the artifact needs.
    """
    for suite, axes in config["suites"].items():
        for name in axes.get("artifacts", []):
            if name not in ARTIFACTS:
                raise BadConfig(
                    f"suites.{suite}.artifacts: unknown artifact {name!r}; known: {', '.join(ARTIFACTS)}"
                )
            if needs := _lacking(ARTIFACTS[name], axes):
                raise BadConfig(
                    f"suites.{suite}.artifacts: {name} needs {needs}; add it to the suite, or remove {name}"
                )


def _lacking(spec: Spec, axes: dict[str, Any]) -> str:
    if spec.sweep and not axes.get("sweep", False):
        return "`sweep: true`"
    if spec.diagnostic and axes.get("diagnostic") != spec.diagnostic:
        return f"`diagnostic: {spec.diagnostic}`"
    if spec.reward and spec.reward not in axes["rewards"]:
        return f"{spec.reward} among its rewards"
    if spec.all_data and 100 not in axes["data_percents"]:
        return "100 among its data_percents"
    return ""
