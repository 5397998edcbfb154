"""The first page: score against cost, the ledger of claims, and the overview table of each family of tasks."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from bench.report.site import cell_links, charts_cost, ledger
from bench.report.site.artifact_files import ArtifactFiles
from bench.report.site.artifact_views import view
from bench.report.site.charts import Chart
from bench.report.site.context import Context, artifact_page
from bench.report.site.page_artifacts import charts_of
from bench.report.site.runs import SCORED
from bench.report.site.views import View
from bench.tasks.registry import FAMILIES

TALL = 340
PARTS = ("training", "evaluation")
NO_COST = "There is no such figure yet. The artifact score_cost of a suite makes it."


@dataclass(frozen=True)
class Shown:
    """A table of the first page."""

    title: str
    caption: str
    page: str
    made: ArtifactFiles
    view: View


def page(context: Context) -> str:
    """Return the first page."""
    cost = context.artifact("score_cost")
    path = context.path(cost, ".csv") if cost else None
    charts = (
        context.attempt("Score against cost", lambda: charts_cost.charts(path, context.looks)[:1])
        if path
        else []
    )
    for chart in charts:
        chart.spec["height"] = TALL
    claims_made = context.artifact("claims") or next(
        (one for one in context.artifacts if one.category == "Claims"), None
    )
    claims = _claims(context, claims_made)
    asked = [] if claims or charts else _asked(context)
    return context.page(
        "index.html",
        "index.html",
        f"Decision Transformer at scale {context.scale}",
        summary=_summary(context),
        holes=_holes(context),
        waiting=context.waiting,
        cost={"page": artifact_page(cost), "title": cost.title} if cost else None,
        charts=charts or asked,  # any of them loads the script that draws
        no_cost=NO_COST,
        ledger_page=artifact_page(claims_made) if claims_made else "",
        claims=[_with_query(claim) for claim in claims],
        verdicts=ledger.counts(claims),
        overviews=_overviews(context),
        asked=asked,
        videos=[path for paths in context.videos.values() for path in paths] if asked else [],
    )


def _asked(context: Context) -> list[Chart]:
    """Return achieved over target return: what a scale has to show that has neither of the two, such as the demo."""
    made = context.artifact("figure4")
    return charts_of(context, made) if made else []


def _claims(context: Context, made: ArtifactFiles | None) -> list[ledger.Claim]:
    path = context.path(made, ".csv") if made else None
    if path is None:
        return []
    try:
        return ledger.read(path)
    except (ValueError, OSError) as error:
        context.notes.append(f"the ledger is not shown ({error})")
        return []


def _with_query(claim: ledger.Claim) -> dict[str, Any]:
    check = claim.deciding
    query = cell_links.spell({"suite": (check.suite,), "method": check.methods})
    return {
        "id": claim.id,
        "text": claim.text,
        "verdict": claim.verdict,
        "check": check,
        "query": query,
    }


def _overviews(context: Context) -> list[Shown]:
    """Return the overview table of each family of tasks, of its first suite that has one; a family whose suites do not
    have it shows their first table of the paper.
    """
    found: list[Shown] = []
    for family in FAMILIES.values():
        mine = [made for made in context.artifacts if made.category == family.category]
        tables = [made for made in mine if made.name.startswith("table") and made.grid]
        tables.sort(key=lambda made: made.name != family.overview)
        made = tables[0] if tables else None
        if made is None or made.grid is None or any(one.made == made for one in found):
            continue
        table = view(context, made, "site/")
        if table is not None:
            found.append(Shown(made.title, made.grid.title, artifact_page(made), made, table))
    return found


def _summary(context: Context) -> str:
    runs = context.runs
    scored = sum(run.status in SCORED for run in runs)
    tasks = len({run.identity.task for run in runs})
    controls = {run.identity.method for run in runs if not run.trained}
    methods = {run.identity.method for run in runs} - controls
    spent = sum(run.spent(part) for run in runs for part in PARTS if math.isfinite(run.spent(part)))
    counted = [
        _count(len(methods), "method or variant", "methods and variants"),
        *([_count(len(controls), "control", "controls")] if controls else []),
    ]
    cost = f", with {_spell(spent)} of training and evaluation" if spent else ""
    return (
        f"{scored:,} of {_count(len(runs), 'run has', 'runs have')} a score: {' and '.join(counted)} on "
        f"{_count(tasks, 'data set', 'data sets')}{cost}. Brackets are 95 % intervals over "
        "training seeds; one seed has none."
    )


def _spell(seconds: float) -> str:
    """Return a cost in core-hours, or in core-minutes if it is small."""
    if seconds < 3600:
        return _count(max(1, round(seconds / 60)), "core-minute", "core-minutes")
    return f"{seconds / 3600:,.1f} core-hours"


def _count(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def _holes(context: Context) -> str:
    """Return a sentence on the runs without a score; empty if every run has one."""
    counts = Counter(run.status for run in context.runs if run.status not in SCORED)
    if not counts:
        return ""
    return (
        f"Without a score: {', '.join(f'{count:,} {status}' for status, count in counts.items())}."
    )
