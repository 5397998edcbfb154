"""The pages of tables and figures, and the list of them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.report.artifacts.registry import ARTIFACTS
from bench.report.site import artifact_files, charts_artifacts
from bench.report.site.artifact_files import CLAIMS, COST, DATA, ArtifactFiles
from bench.report.site.artifact_views import view
from bench.report.site.charts import Chart
from bench.report.site.context import Context, artifact_page

SECTION = "artifacts.html"
LAST = (COST, DATA)  # one for each suite: a list without pictures


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each page."""
    yield SECTION, _list(context)
    for made in context.artifacts:
        yield artifact_page(made), _page(context, made)


def charts_of(context: Context, made: ArtifactFiles) -> list[Chart]:
    """Return the interactive figure of an artifact; empty if it has none."""
    path = context.path(made, ".csv")
    if path is None:
        return []
    labels = {name: variant.label for name, variant in context.inputs.plan.variants.items()}
    name, looks = made.name, context.looks
    same = [one for one in context.artifacts if one.name == name and one.suite != made.suite]
    others = [other for one in same if (other := context.path(one, ".csv"))]
    what = f"{made.title}, suite {made.suite}"
    return context.attempt(what, lambda: charts_artifacts.charts(name, path, looks, labels, others))


def _page(context: Context, made: ArtifactFiles) -> str:
    grid = made.grid
    others = [
        {"title": f"suite {other.suite}", "page": artifact_page(other)}
        for other in context.artifacts
        if other.name == made.name and other.suite != made.suite and made.category != CLAIMS
    ]
    ours = context.videos.get(made.suite, []) if made.name in _with_videos(context, made) else []
    title = f"{made.title}: suite {made.suite}" if made.suite else made.title
    return context.page(
        "artifact.html",
        SECTION,
        title,
        made=made,
        charts=charts_of(context, made),
        view=view(context, made, ""),
        notes=grid.notes if grid else [],
        lead=grid.title if grid else "",
        others=others,
        videos=ours,
    )


def _with_videos(context: Context, made: ArtifactFiles) -> list[str]:
    """Return the artifacts of a suite that show its videos: those that ask for them, else the first one."""
    planned = list(context.inputs.plan.artifacts.get(made.suite, ()))
    asked = [name for name in planned if name in ARTIFACTS and ARTIFACTS[name].videos]
    return asked or planned[:1]


def _list(context: Context) -> str:
    categories: dict[str, list[dict[str, object]]] = {}
    for made in context.artifacts:
        shown = {"made": made, "page": artifact_page(made)}
        categories.setdefault(made.category, []).append(shown)
    order = [CLAIMS, *(name for name in categories if name not in LAST), *LAST]
    categories = {name: categories[name] for name in dict.fromkeys(order) if name in categories}
    holes = artifact_files.missing(context.inputs, context.artifacts, context.waiting)
    return context.page(
        "artifacts.html",
        SECTION,
        "Tables and figures",
        categories=categories,
        holes=holes,
        brief=LAST,
    )
