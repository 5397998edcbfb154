"""The page of runs: status, score, time and memory of each, with menus and a filter; those without a score first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from bench.report.site.context import Context, method_page, task_page
from bench.report.site.render import number
from bench.report.site.runs import SCORED, STATUSES, Run

SECTION = "runs.html"
HEADINGS = (
    "Run",
    "Status",
    "Score",
    "Return",
    "Episodes",
    "Training, core-s",
    "Evaluation, core-s",
    "Memory, MB",
    "Seed",
    "Reward",
    "Data, %",
    "Suites",
    "Device, host",
    "Finished",
    "Record",
)


@dataclass(frozen=True)
class Line:
    """A row of the table."""

    run: Run
    task_page: str
    method_page: str
    record: str  # where its record lies, from this page; empty: it is not on this machine

    @property
    def memory(self) -> float:
        """The largest memory of its processes, in MB; NaN if it is unknown."""
        known = [self.run.spent(part, "peak_memory_mb") for part in ("training", "evaluation")]
        return max((each for each in known if each == each), default=float("nan"))

    @property
    def place(self) -> str:
        """The device and the machine that trained it."""
        device = self.run.record["device"] if self.run.record else ""
        host = (self.run.clock or {}).get("host")
        name = str(host.get("name", "")) if isinstance(host, dict) else ""
        return ", ".join(filter(None, (device, name)))

    @property
    def finished(self) -> str:
        """When it ended: date and time, UTC."""
        return str((self.run.clock or {}).get("finished", ""))[:16].replace("T", " ")


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of the page."""
    ordered = sorted(context.runs, key=lambda run: run.status in SCORED)
    lines = [line_of(context, run) for run in ordered]
    holes = [line for line in lines if line.run.status not in SCORED]
    counts = Counter(run.status for run in context.runs)
    yield (
        SECTION,
        context.page(
            "runs.html",
            SECTION,
            "Runs",
            lines=lines,
            headings=HEADINGS,
            facets=_facets(context.runs),
            holes=holes[:20],
            more_holes=max(0, len(holes) - 20),
            counts={status: counts[status] for status in STATUSES if counts[status]},
            number=number,
        ),
    )


def line_of(context: Context, run: Run) -> Line:
    """Return the row of a run."""
    record = ""
    if run.record is not None and context.records_from is not None:
        record = quote(f"{context.records_from}/{run.identity.folder().as_posix()}/result.json")
    task = task_page(run.identity.task)
    method = method_page(run.identity.method)
    return Line(run, task, method, record)


def _facets(runs: list[Run]) -> list[dict[str, object]]:
    """Return the menus: name, label, and the values to choose from."""
    suites = dict.fromkeys(suite for run in runs for suite in run.suites)
    tasks = dict.fromkeys(run.identity.task for run in runs)
    methods = {run.identity.method: run.label for run in runs}
    named = {
        name: label if label == name else f"{label} ({name})" for name, label in methods.items()
    }
    there = {run.status for run in runs}
    menus: list[tuple[str, str, dict[str, str]]] = [
        ("suite", "Suite", {name: name for name in suites}),
        ("task", "Data set", {name: name for name in tasks}),
        ("method", "Method", named),
        ("status", "Status", {name: name for name in STATUSES if name in there}),
    ]
    return [
        {"key": key, "label": label, "values": values} for key, label, values in menus if values
    ]
