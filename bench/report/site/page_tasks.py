"""The page of each task: its data set, learning curves of every method and seed, returns, sweep and videos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from bench.core.files import DamagedFile
from bench.report.columns import Kind, names_of
from bench.report.site import charts_curves, task_facts
from bench.report.site.charts import Axis, Chart, Series
from bench.report.site.charts_dots import shares, spread
from bench.report.site.context import Context, method_page, task_page
from bench.report.site.looks import GREY, Look
from bench.report.site.page_runs import line_of
from bench.report.site.render import number
from bench.report.site.runs import SCORED, Run
from bench.report.site.views import Cell, View, plain
from bench.tasks.registry import family_of, task_by_name

SECTION = "tasks.html"


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each page."""
    by_task: dict[str, list[Run]] = {}
    for run in context.runs:
        by_task.setdefault(run.identity.task, []).append(run)
    yield SECTION, _list(context, by_task)
    for task, runs in by_task.items():
        yield task_page(task), _page(context, task, runs)


def _page(context: Context, task: str, runs: list[Run]) -> str:
    rows = context.scores.get(task, pd.DataFrame())
    curves: list[Chart] = []
    swept = None
    if not rows.empty:
        looks = context.looks
        made = (
            ("Mean over seeds, 95 % interval", charts_curves.learning_curve(task, rows, looks)),
            ("Each seed", charts_curves.each_seed(task, rows, looks)),
            ("Each seed, over updates", charts_curves.each_seed(task, rows, looks, "step")),
        )
        curves = [
            Chart(title, chart.describe, chart.spec, chart.series) for title, chart in made if chart
        ]
        swept = charts_curves.sweep(task, rows, looks)
    tables = [made for made in context.artifacts if made.name == "data"]
    returns = returns_chart(context, task, runs)
    return context.page(
        "task.html",
        SECTION,
        task,
        facts=task_facts.facts(task),
        data=task_facts.data_facts(context.inputs, task, tables),
        curves=curves,
        sweep=[swept] if swept else [],
        returns=[returns] if returns else [],
        charts=bool(curves or swept or returns),
        runs=_runs(context, runs),
        videos=_videos(context, task),
    )


def returns_chart(context: Context, task: str, runs: list[Run]) -> Chart | None:
    """Return the spread of the returns of each method's episodes, over all of its seeds; None without a score."""
    returns: dict[str, list[float]] = {}
    series: dict[str, Series] = {}
    names = names_of(map(_kind, runs))
    for run in runs:
        if run.status in SCORED:
            name = names[_kind(run)]
            look = context.looks.get(run.identity.method, Look(GREY, "circle"))
            series.setdefault(name, Series(name, look))
            returns.setdefault(name, []).extend(run.returns)
    drawn = pd.DataFrame(
        [
            {"series": name} | shares(each) | {"episodes": len(each)}
            for name, each in returns.items()
        ]
    )
    if drawn.empty or _binary(task):
        return None
    spec = spread(drawn, list(series.values()), Axis("return of an episode"))
    medians = "; ".join(f"{row['series']} {row['median']:.1f}" for _, row in drawn.iterrows())
    describe = f"{task}: the spread of the returns of episodes. Medians: {medians}."
    return Chart("Returns of the evaluation episodes, all seeds", describe, spec)


def _binary(task: str) -> bool:
    """Return whether an episode of a task succeeds or fails, so that its score is a rate and has no spread."""
    try:
        return family_of(task_by_name(task)).unit.rate
    except (ValueError, DamagedFile):
        return False


def _runs(context: Context, runs: list[Run]) -> View:
    headings = [
        "Method",
        "Seed",
        "Score",
        "Return",
        "Length",
        "Training, core-s",
        "Memory, MB",
        "Status",
        "Record",
    ]
    rows = []
    names = names_of(map(_kind, runs))
    for run in runs:
        line = line_of(context, run)
        record = Cell("result.json", href=line.record) if line.record else "—"
        status = f"{run.status}: {run.reason}" if run.reason else run.status
        rows.append(
            [
                Cell(names[_kind(run)], href=method_page(run.identity.method)),
                run.identity.seed,
                number(run.score),
                number(run.mean_return),
                number(run.mean_length, 0),
                number(run.spent("training")),
                number(line.memory, 0),
                status,
                record,
            ]
        )
    return plain(headings, rows)


def _kind(run: Run) -> Kind:
    who = run.identity
    return run.label, who.method, who.reward, who.data_percent


def _videos(context: Context, task: str) -> list[Path]:
    """Return the videos of a task: those that name it, and the one of a suite whose last task it is."""
    found = []
    for suite, paths in context.videos.items():
        last = context.inputs.plan.runs[suite][-1].task
        found += [
            path
            for path in paths
            if path.name.startswith(f"{task}.") or (path.stem == "episode" and last == task)
        ]
    return found


def _list(context: Context, by_task: dict[str, list[Run]]) -> str:
    rows = []
    for task, runs in by_task.items():
        scored = [run for run in runs if run.status in SCORED]
        own = [run.score for run in scored if run.trained and run.score == run.score]
        best = max(own, default=float("nan"))
        try:
            known = task_by_name(task)
            about = (family_of(known).label, known.domain.environment)
        except (ValueError, DamagedFile):
            about = ("imported", "—")
        methods = len({run.identity.method for run in runs})
        cells = [Cell(task, href=task_page(task)), *about, methods]
        rows.append([*cells, f"{len(scored)} of {len(runs)}", number(best)])
    headings = [
        "Task",
        "Family",
        "Environment",
        "Methods",
        "Runs with a score",
        "Highest score of a trained run",
    ]
    return context.page("tasks.html", SECTION, "Tasks", view=plain(headings, rows))
