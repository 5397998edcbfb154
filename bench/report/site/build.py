"""Write the site of a scale: `index.html` and, beside it, `site/` with the other pages and what they share."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from bench.core.files import write_text
from bench.report.site import (
    assets,
    page_artifacts,
    page_curves,
    page_methods,
    page_overview,
    page_provenance,
    page_runs,
    page_tasks,
)
from bench.report.site.context import Context
from bench.report.site.inputs import Inputs

FOLDER = "site"
INDEX = "index.html"
# provenance last: it lists what the other pages could not show
MODULES = (page_artifacts, page_curves, page_tasks, page_methods, page_runs, page_provenance)


@dataclass(frozen=True)
class Built:
    """A site that was written.

    Attributes:
        index: its first page.
        pages: the number of its pages.
        notes: what could not be shown, a sentence each.
    """

    index: Path
    pages: int
    notes: tuple[str, ...]


def build(inputs: Inputs, out: Path) -> Built:
    """Write the site of a scale.

    Args:
        inputs: what it is made of.
        out: the folder of `index.html`. If it is not that of the tables and figures, they are copied there.

    Raises:
        OSError: a file cannot be written.
    """
    context = Context.of(inputs, (out / FOLDER).resolve())
    pages = {INDEX: page_overview.page(context)}
    for module in MODULES:
        pages |= dict(module.pages(context))
    if out.resolve() != inputs.reports.resolve():
        _copy(context, inputs.reports, out)
    assets.write(out / FOLDER)
    _forget(out / FOLDER, pages)
    for name, text in pages.items():
        write_text(out / name if name == INDEX else out / FOLDER / name, text)
    return Built(out / INDEX, len(pages), tuple(context.notes))


def _forget(site: Path, pages: Collection[str]) -> None:
    """Remove the pages of methods, tasks and artifacts that are no more."""
    for kind in ("artifact", "method", "task"):
        for path in site.glob(f"{kind}-*.html"):
            if path.name not in pages:
                path.unlink()


def _copy(context: Context, reports: Path, out: Path) -> None:
    """Copy the tables, figures and videos that pages show or link to."""
    paths = [path for made in context.artifacts for path in made.files.values()]
    paths += [path for films in context.videos.values() for path in films]
    for path in dict.fromkeys(paths):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(reports / path, out / path)
