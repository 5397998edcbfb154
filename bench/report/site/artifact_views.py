"""The table of an artifact with its links: cells lead to their runs, rows to their task."""

from __future__ import annotations

from bench.report.site import cell_links
from bench.report.site.artifact_files import CLAIMS, ArtifactFiles
from bench.report.site.context import Context, method_page, task_page
from bench.report.site.views import View, filled, view_of

OTHERS = "paper"  # class of columns that are not ours


def view(context: Context, made: ArtifactFiles, base: str) -> View | None:
    """Return the table of an artifact with links; None: it has none.

    Args:
        context: of the site.
        made: the artifact.
        base: the way from the page to the folder `site`.
    """
    grid = made.grid
    if grid is None or not grid.headings:
        return None
    marks = [OTHERS if cell_links.of_others(heading) else "" for heading in grid.headings]
    if made.category == CLAIMS:
        return view_of(filled(grid, 3))
    if made.suite not in context.inputs.plan.runs:
        return view_of(grid, marks=marks)
    known = cell_links.facets(context.inputs.plan, made.suite)
    hrefs = [
        [f"{base}runs.html?{query}" if query else "" for query in line]
        for line in cell_links.links(grid, known)
    ]
    heads = [f"{base}{task_page(task)}" if task else "" for task in cell_links.tasks(grid, known)]
    for place, row in enumerate(grid.rows):
        methods = known.methods.get(row[0], ()) if row else ()
        if not heads[place] and len(methods) == 1:
            heads[place] = f"{base}{method_page(methods[0])}"
    return view_of(grid, hrefs, heads, marks)
