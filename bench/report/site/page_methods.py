"""The page of each method: its hyperparameters beside the paper's, with sources; its cost and its scores."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.core.code import method_file
from bench.core.files import DamagedFile
from bench.paper.hyperparameters import Printed, hyperparameters
from bench.report.cells import MISSING, spell
from bench.report.cost import settings_of
from bench.report.site import cell_links
from bench.report.site.config_fields import Field, fields
from bench.report.site.context import Context, method_page, task_page
from bench.report.site.render import number, seconds
from bench.report.site.runs import SCORED, Run
from bench.report.site.views import Cell, View, plain
from bench.report.tables import range_of_scores
from bench.runs.plan import Variant
from bench.stats.intervals import estimate
from bench.tasks.registry import family_of, task_by_name
from bench.tasks.units import unit_of

SECTION = "methods.html"
STEPS = Field("steps", "", "updates of the training; a config sets it")


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each page."""
    by_method: dict[str, list[Run]] = {}
    for run in context.runs:
        by_method.setdefault(run.identity.method, []).append(run)
    order = [*context.inputs.plan.variants, *by_method]
    by_method = {name: by_method[name] for name in dict.fromkeys(order) if name in by_method}
    yield SECTION, _list(context, by_method)
    for method, runs in by_method.items():
        yield method_page(method), _page(context, method, runs)


def _page(context: Context, method: str, runs: list[Run]) -> str:
    variant = context.inputs.plan.variants.get(method)
    module = variant.module if variant else _module(runs)
    printed = _printed(module, runs)
    return context.page(
        "method.html",
        SECTION,
        f"{variant.label if variant else method} ({method})",
        variant=variant,
        look=context.looks[method],
        file=method_file(module).as_posix() if module else "",
        module=module,
        sources=[one.source for one in printed.values()],
        hyperparameters=settings(variant, module, runs, printed),
        cost=_cost(runs),
        scores=_scores(context, method, runs),
        runs_query=f"runs.html?{cell_links.spell({'method': (method,)})}",
    )


def settings(
    variant: Variant | None, module: str, runs: list[Run], printed: dict[str, Printed]
) -> View:
    """Return the hyperparameters of a method: what its runs used, the default, the paper's, and the source.

    Args:
        variant: as the config has it; None: only an older config had it.
        module: of the method.
        runs: all of them.
        printed: family of tasks -> what the paper prints.
    """
    known = {STEPS.name: STEPS} | fields(module)
    used = _used(variant, runs)
    names = [*known, *(name for name in used if name not in known)]
    rows = []
    for name in names:
        field = known.get(name, Field(name, "", ""))
        here = _spread(used.get(name, {})) or MISSING
        default = _plain(field.default) if field.default else MISSING
        papers = [one.values[name] for one in printed.values() if name in one.values]
        changed = here not in (MISSING, default)
        rows.append(
            [
                Cell(name),
                Cell(here, mark="changed" if changed and field.default else ""),
                Cell(default),
                Cell("; ".join(papers) or MISSING),
                Cell(field.comment),
            ]
        )
    return plain(["Hyperparameter", "Here", "Default", "The paper", "Meaning and source"], rows)


def _used(variant: Variant | None, runs: list[Run]) -> dict[str, dict[str, list[str]]]:
    """Return name -> value as text -> the tasks whose runs used it: from the records, else from the config."""
    found: dict[str, dict[str, list[str]]] = {}

    def add(name: str, value: Any, task: str) -> None:
        tasks = found.setdefault(name, {}).setdefault(_text(value), [])
        if task not in tasks:
            tasks.append(task)

    for run in runs:
        if run.record is not None:
            add(STEPS.name, run.record["training"]["steps"], run.identity.task)
            for name, value in run.record["config"].items():
                add(name, value, run.identity.task)
        elif variant is not None:
            add(STEPS.name, variant.steps_on(run.identity.task), run.identity.task)
            options = json.loads(variant.options_json(run.identity.task))
            for name, value in options.items():
                add(name, value, run.identity.task)
    return found


def _spread(values: dict[str, list[str]]) -> str:
    """Return the values of a hyperparameter as text: the commonest, and the others with their tasks."""
    if len(values) <= 1:
        return next(iter(values), "")
    ordered = sorted(values, key=lambda value: -len(values[value]))
    rest = (f"{value} on {', '.join(values[value])}" for value in ordered[1:])
    return f"{ordered[0]}; {'; '.join(rest)}"


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value) if isinstance(value, str) else json.dumps(value)


def _plain(source: str) -> str:
    """Return a default as `_text` spells its value; a default that is no literal stays as it is."""
    try:
        return _text(ast.literal_eval(source))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return source


def _module(runs: list[Run]) -> str:
    return next((run.record["module"] for run in runs if run.record), "")


def _printed(module: str, runs: list[Run]) -> dict[str, Printed]:
    """Return family -> what the paper prints, for the families of the runs' tasks."""
    families: dict[str, None] = {}
    for task in dict.fromkeys(run.identity.task for run in runs):
        try:
            families[family_of(task_by_name(task)).name] = None
        except (ValueError, DamagedFile):
            continue
    known = hyperparameters()
    return {family: known[module, family] for family in families if (module, family) in known}


def _cost(runs: list[Run]) -> View:
    by_domain: dict[str, list[Run]] = {}
    for run in runs:
        if run.clock is not None:
            by_domain.setdefault(run.identity.task.partition("-")[0], []).append(run)
    rows = []
    for domain, mine in by_domain.items():
        training = [value for run in mine if (value := run.spent("training")) == value]
        acting = [value for run in mine if (value := run.spent("evaluation")) == value]
        memory = [v for run in mine if (v := run.spent("training", "peak_memory_mb")) == v]
        rows.append(
            [
                domain,
                len(mine),
                number(median(training)) if training else MISSING,
                number(max(training)) if training else MISSING,
                number(median(acting)) if acting else MISSING,
                number(max(memory), 0) if memory else MISSING,
                seconds(sum(training) + sum(acting)),
            ]
        )
    headings = [
        "Environment",
        "Runs",
        "Training, core-s: median",
        "largest",
        "Evaluation, core-s: median",
    ]
    return plain([*headings, "Memory of training, MB", "All runs, core time"], rows)


def _scores(context: Context, method: str, runs: list[Run]) -> View:
    rows = []
    axes = dict.fromkeys(
        (r.identity.task, r.identity.reward, r.identity.data_percent) for r in runs
    )
    for task, reward, percent in axes:
        frame = context.scores.get(task)
        mine = [run for run in runs if run.identity.task == task and run.status in SCORED]
        mine = [
            r for r in mine if (r.identity.reward, r.identity.data_percent) == (reward, percent)
        ]
        scores = [run.score for run in mine if run.score == run.score]
        mean = MISSING
        if scores and frame is not None:
            own = frame[(frame["method"] == method) & frame["final"]]
            mean = spell(estimate(scores, range_of_scores(own, unit_of([task]))))
        about = {"task": task, "method": method, "reward": reward, "percent": f"{percent:g}"}
        query = f"runs.html?{cell_links.spell({key: (value,) for key, value in about.items()})}"
        seeds = ", ".join(number(score) for score in scores) or MISSING
        rows.append(
            [
                Cell(task, href=task_page(task)),
                reward,
                f"{percent:g}",
                Cell(mean, href=query),
                seeds,
            ]
        )
    return plain(["Task", "Reward", "Data, %", "Score, 95 % interval", "Each seed"], rows)


def _list(context: Context, by_method: dict[str, list[Run]]) -> str:
    rows = []
    for method, runs in by_method.items():
        variant = context.inputs.plan.variants.get(method)
        times = [value for run in runs if (value := run.spent("training")) == value]
        own = settings_of(variant.options) if variant else ""
        scored = sum(run.status in SCORED for run in runs)
        rows.append(
            [
                Cell(variant.label if variant else method, href=method_page(method)),
                method,
                variant.module if variant else _module(runs),
                f"{variant.steps:,}" if variant else MISSING,
                number(median(times)) if times else MISSING,
                f"{scored} of {len(runs)}",
                own or "defaults",
            ]
        )
    headings = [
        "Method",
        "Name",
        "Module",
        "Updates",
        "Training, core-s: median",
        "Runs with a score",
    ]
    return context.page(
        "tasks.html",
        SECTION,
        "Methods",
        view=plain([*headings, "Settings that differ from the defaults"], rows),
        lead="A method is a module with hyperparameters; a variant is the same module with others.",
    )
