"""The table of an artifact with its links: cells lead to their runs, rows to their task."""

from __future__ import annotations

from dataclasses import replace

from bench.report.site import cell_links, ledger
from bench.report.site.artifact_files import CLAIMS, ArtifactFiles
from bench.report.site.context import Context, method_page, task_page
from bench.report.site.tables import Grid, sort_key
from bench.report.site.views import View, filled, view_of

OTHERS = "paper"  # class of columns that are not ours
BADGE = "badge"  # of columns of verdicts
MEASURED, VERDICT = "Measured", "Verdict"


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
        grid = _verdict_first(grid)
        marks = [BADGE if heading == VERDICT else "" for heading in grid.headings]
        return view_of(filled(grid, 3), _of_checks(context, made, grid, base), marks=marks)
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


def _verdict_first(grid: Grid) -> Grid:
    """Return the ledger with the verdict beside the number of the claim: a narrow screen shows both."""
    if VERDICT not in grid.headings[:3]:
        return grid
    place = grid.headings.index(VERDICT)
    order = [0, place, *(n for n in range(1, len(grid.headings)) if n != place)]

    def ordered(row: list[str]) -> list[str]:
        return [row[n] for n in order] if len(row) == len(order) else row

    return replace(grid, headings=ordered(grid.headings), rows=[ordered(row) for row in grid.rows])


def _of_checks(context: Context, made: ArtifactFiles, grid: Grid, base: str) -> list[list[str]]:
    """Return for each cell of the ledger where it leads: what was measured to the runs that the check compares."""
    nowhere = [[""] * len(row) for row in grid.rows]
    path = context.path(made, ".csv")
    try:
        claims = ledger.read(path) if path else []
    except (ValueError, OSError):
        return nowhere
    checks = [check for claim in claims for check in claim.checks]
    if len(checks) != len(grid.rows) or MEASURED not in grid.headings:
        return nowhere
    place = grid.headings.index(MEASURED)
    for line, row, check in zip(nowhere, grid.rows, checks, strict=True):
        if sort_key(row[place]):
            query = cell_links.spell({"suite": (check.suite,), "method": check.methods})
            line[place] = f"{base}runs.html?{query}"
    return nowhere
