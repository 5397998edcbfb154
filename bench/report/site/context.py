"""What all pages of a site use: its runs, artifacts and looks, found once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core.code import ROOT
from bench.report.site import artifact_files
from bench.report.site.artifact_files import ArtifactFiles
from bench.report.site.charts import Chart
from bench.report.site.inputs import Inputs
from bench.report.site.looks import Look, looks
from bench.report.site.render import file_name, render
from bench.report.site.runs import Run, begun, collect
from bench.report.site.score_rows import by_task

DEFAULT = "quick"  # the scale of a command without a config
SECTIONS = (
    ("Overview", "index.html"),
    ("Tables and figures", "artifacts.html"),
    ("Learning curves", "curves.html"),
    ("Tasks", "tasks.html"),
    ("Methods", "methods.html"),
    ("Runs", "runs.html"),
    ("Provenance", "provenance.html"),
)


@dataclass
class Context:
    """What all pages use.

    Attributes:
        inputs: what the site is made of.
        runs: every run of the suites that have begun.
        artifacts: every table and figure that was made.
        videos: suite -> its videos.
        looks: method -> colour and mark.
        scores: task -> its scores, with the column `series`.
        records_from: the way from a page to the folder that holds `results`; None: the records are not kept here.
        waiting: suites of which nothing was run or made yet; their missing runs are no holes.
        notes: what could not be shown, a sentence each; pages add to it.
    """

    inputs: Inputs
    runs: list[Run]
    artifacts: list[ArtifactFiles]
    videos: dict[str, list[Path]]
    looks: dict[str, Look]
    scores: dict[str, pd.DataFrame]
    records_from: str | None
    waiting: list[str]
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, inputs: Inputs, pages: Path) -> Context:
        """Return what the pages of these inputs use.

        Args:
            inputs: what the site is made of.
            pages: the folder that the pages will lie in.
        """
        runs, waiting = begun(inputs, collect(inputs))
        scores, notes = by_task(inputs, runs)
        # a relative way, so that the whole folder can be moved
        way = None if inputs.packed else Path(os.path.relpath(inputs.home, pages)).as_posix()
        methods = [*inputs.plan.variants, *(run.identity.method for run in runs)]
        return cls(
            inputs,
            runs,
            artifact_files.find(inputs),
            artifact_files.videos(inputs),
            looks(methods),
            scores,
            way,
            waiting,
            notes,
        )

    @property
    def scale(self) -> str:
        """The name of the scale."""
        return self.inputs.scale

    @property
    def option(self) -> str:
        """How a command of Snakemake names the config, with a space before it; empty for the default one."""
        if self.scale == DEFAULT:
            return ""
        known = (ROOT / "config" / f"{self.scale}.yaml").is_file()
        return f" --configfile {f'config/{self.scale}.yaml' if known else 'YOUR_CONFIG'}"

    @property
    def ledger_target(self) -> str:
        """The target of Snakemake that makes the ledger of this scale."""
        return next((f"all_{group}" for group in self.inputs.plan.groups), "all_claims")

    @property
    def records(self) -> str:
        """Where the record of each run is, in a sentence with code in backticks."""
        if self.inputs.packed:
            command = f"bench records unpack --scale {self.scale} --out FOLDER"
            return f"Every number comes from a run; `{command}` writes their records."
        return f"Every number comes from a run; its record is in `results/{self.scale}/runs`."

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """The entries of the menu: name and file."""
        return SECTIONS

    @cached_property
    def about(self) -> str:
        """Where the records are from, in one sentence."""
        if self.inputs.packed:
            return f"Made of the packed records of scale {self.scale} that the repository keeps."
        return f"Made of the records of scale {self.scale} in this folder."

    def artifact(self, name: str, suite: str | None = None) -> ArtifactFiles | None:
        """Return the first artifact of this name, of a suite or of any; None: there is none."""
        fits = (one for one in self.artifacts if one.name == name and suite in (None, one.suite))
        return next(fits, None)

    def path(self, made: ArtifactFiles, kind: str) -> Path | None:
        """Return the place of a file of an artifact; None: there is none."""
        return self.inputs.reports / made.files[kind] if kind in made.files else None

    def attempt(self, what: str, make: Callable[[], list[Chart]]) -> list[Chart]:
        """Return charts; if they cannot be made, none, and a note says why."""
        try:
            return make()
        except (ValueError, KeyError, TypeError, OSError) as error:
            self.notes.append(f"{what}: no interactive figure ({error})")
            return []

    def page(self, template: str, section: str, title: str, **values: Any) -> str:
        """Return a page of the folder `site`, or the first page, which lies above it."""
        first = section == "index.html"
        places = {
            "base": "site/" if first else "",
            "home": "index.html" if first else "../index.html",
        }
        places |= {"reports": "" if first else "../"}
        return render(template, site=self, section=section, title=title, **places, **values)


def artifact_page(made: ArtifactFiles) -> str:
    """Return the file name of the page of an artifact."""
    return f"artifact-{file_name(made.key)}.html"


def task_page(task: str) -> str:
    """Return the file name of the page of a task."""
    return f"task-{file_name(task)}.html"


def method_page(method: str) -> str:
    """Return the file name of the page of a method."""
    return f"method-{file_name(method)}.html"
