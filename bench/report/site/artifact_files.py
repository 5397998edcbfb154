"""The tables, figures and videos of a scale, as files: found, named and put into categories."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.report.artifacts.registry import ARTIFACTS
from bench.report.site.inputs import Inputs
from bench.report.site.tables import Grid, read
from bench.tasks.registry import FAMILIES, family_of_all

DOWNLOADS = (".csv", ".tex", ".png", ".svg", ".pdf", ".md")
PICTURES = (".svg", ".png")
VIDEOS = (".mp4", ".webm", ".gif")
NAMES = {
    "cost": (
        "Cost",
        "What the runs of the suite took: time, speed, memory, and the settings that differ from the defaults.",
    ),
    "data": (
        "Data sets",
        "The data sets of the suite: sizes, returns and lengths of the episodes, beside D4RL's numbers.",
    ),
    "time_to_score": (
        "Time to score",
        "Core-seconds of training until a policy reaches a normalised score.",
    ),
    "trials": ("Trials", "The trials that choose the settings of each method."),
    "partial": (
        "Finished and missing runs",
        "The table of the runs that are there, and the names of the others.",
    ),
}
LEDGER = (
    "Ledger of claims",
    "The claims of the paper and its talk, their statistics with 95 % intervals, rules and verdicts.",
)
CLAIMS, COST, DATA = "Claims", "Cost", "Data"
SPECIAL = {"cost": COST, "time_to_score": COST, "trials": COST, "data": DATA}


@dataclass(frozen=True)
class ArtifactFiles:
    """A table or figure that was made.

    Attributes:
        suite: whose runs it shows; empty for a ledger of claims.
        name: of the artifact.
        title: a few words, for lists and headings.
        caption: one sentence or two.
        printed: how the printed figure draws it; empty if that needs no words.
        category: the section that it stands in.
        files: suffix -> path, relative to the folder of the scale's reports.
        grid: its table; None if there is none.
    """

    suite: str
    name: str
    title: str
    caption: str
    category: str
    files: dict[str, Path]
    grid: Grid | None = field(default=None, repr=False)
    printed: str = ""

    @property
    def key(self) -> str:
        """A name that no other artifact of the site has."""
        return f"{self.suite}-{self.name}" if self.suite else self.name

    @property
    def picture(self) -> Path | None:
        """Its figure as a file, best a vector figure; None if it has none."""
        return next((self.files[kind] for kind in PICTURES if kind in self.files), None)

    @property
    def downloads(self) -> dict[str, Path]:
        """The files that a reader may want, in a fixed order."""
        return {kind: self.files[kind] for kind in DOWNLOADS if kind in self.files}


def find(inputs: Inputs) -> list[ArtifactFiles]:
    """Return what was made, in the order of the config: the artifacts and other tables of each suite, then ledgers."""
    return [*_of_suites(inputs), *_ledgers(inputs)]


def missing(
    inputs: Inputs, made: list[ArtifactFiles], waiting: list[str]
) -> list[tuple[str, str, str]]:
    """Return the planned artifacts that were not made: suite, name and title.

    Args:
        inputs: what the site is made of.
        made: the artifacts that were made.
        waiting: suites that have not begun; theirs are left out.
    """
    there = {(one.suite, one.name) for one in made}
    return [
        (suite, name, ARTIFACTS[name].title if name in ARTIFACTS else name)
        for suite, names in inputs.plan.artifacts.items()
        for name in names
        if (suite, name) not in there and suite not in waiting
    ]


def videos(inputs: Inputs) -> dict[str, list[Path]]:
    """Return suite -> its videos, relative to the folder of the reports. Of one video in several formats, the one that
    a browser plays best counts.
    """
    found: dict[str, list[Path]] = {}
    for suite in inputs.plan.runs:
        by_stem: dict[str, Path] = {}
        for kind in reversed(VIDEOS):
            for path in sorted((inputs.reports / suite).glob(f"*{kind}")):
                by_stem[path.stem] = path.relative_to(inputs.reports)
        found[suite] = [by_stem[stem] for stem in sorted(by_stem)]
    return found


def _of_suites(inputs: Inputs) -> Iterator[ArtifactFiles]:
    for suite, runs in inputs.plan.runs.items():
        folder = inputs.reports / suite
        stems = [path.stem for path in sorted(folder.glob("*.md"))]
        planned = [name for name in inputs.plan.artifacts[suite] if name in stems]
        rest = [name for name in [*NAMES, *stems] if name in stems and name not in planned]
        tasks = list(dict.fromkeys(run.task for run in runs))
        for name in [*planned, *dict.fromkeys(rest)]:
            title, caption = NAMES.get(name, (name, ""))
            printed = ""
            category = SPECIAL.get(name, _category(tasks))
            if name in ARTIFACTS:
                spec = ARTIFACTS[name]
                title, printed = spec.title, spec.printed
                caption = spec.caption_of(suite, inputs.scale, printed=False)
                category = FAMILIES[spec.family].category if spec.family else category
            yield replace(_artifact(inputs, suite, name, title, caption, category), printed=printed)


def _ledgers(inputs: Inputs) -> Iterator[ArtifactFiles]:
    title, caption = LEDGER
    for path in sorted(inputs.reports.glob("claims*.md")):
        family = path.stem.removeprefix("claims").removeprefix("_")
        label = f"{title}, {FAMILIES[family].label if family in FAMILIES else family}"
        yield _artifact(inputs, "", path.stem, label if family else title, caption, CLAIMS)


def _artifact(
    inputs: Inputs, suite: str, name: str, title: str, caption: str, category: str
) -> ArtifactFiles:
    folder = inputs.reports / suite
    files = {
        kind: (folder / f"{name}{kind}").relative_to(inputs.reports)
        for kind in DOWNLOADS
        if (folder / f"{name}{kind}").is_file()
    }
    try:
        grid = read(folder / f"{name}.md")
    except (OSError, UnicodeDecodeError):
        grid = None
    return ArtifactFiles(suite, name, title, caption, category, files, grid)


def _category(tasks: list[str]) -> str:
    try:
        return family_of_all(tasks).category
    except ValueError:  # imported data that are not here
        return "Others"
