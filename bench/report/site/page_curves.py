"""The page of learning curves: a panel for each task."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report.site import charts_curves
from bench.report.site.charts import Chart
from bench.report.site.context import Context

SECTION = "curves.html"
CAPTION = (
    "Normalised score over the core-seconds of training, on a logarithmic axis. A mark is a snapshot, or the last "
    "policy; a line is the mean over training seeds, a band its 95 % interval. A dashed level is a method that is not "
    "trained, such as the mean return of the data. Snapshots are scored with fewer episodes than the last policy."
)


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of the page."""
    yield (
        SECTION,
        context.page(
            "curves.html",
            SECTION,
            "Learning curves",
            charts=means(context),
            caption=CAPTION,
        ),
    )


def means(context: Context) -> list[Chart]:
    """Return a panel for each task that has points: all of its methods."""
    found = []
    for task, rows in context.scores.items():
        chart = charts_curves.learning_curve(task, rows, context.looks)
        if chart is not None:
            found.append(chart)
    return found
