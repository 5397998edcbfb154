"""How far a pipeline is, as text: the lines of `bench status`, a line a minute, and the live view of a terminal."""

from __future__ import annotations

import time
from collections import Counter

from rich.console import Console, Group, OverflowMethod, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.core.printable import printable
from bench.report.jobs import Job, log_of
from bench.report.progress import RUNNING, STATES, Progress
from bench.runs.identity import Identity

SHOWN = 8  # failures, invalid files, or commands that are listed
BAR = 24  # characters, at most
ALL = "all"
LEFT_OUT = "without data sets, diagnostics and tables"


def spell(seconds: float) -> str:
    """Return a time, such as `45 s`, `12 min` or `2 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def left(progress: Progress, cores: int) -> str:
    """Return how long the rest takes."""
    if progress.runs["done"] == sum(progress.runs.values()):
        return "all runs are done"
    if progress.unknown and not progress.core_seconds:
        return "time left not known: no such run was measured"
    least = "at least " if progress.unknown else ""
    more = f"; {progress.unknown} runs were never measured" if progress.unknown else ""
    cores_text = "1 core" if cores == 1 else f"{cores} cores"
    return f"{least}{spell(progress.seconds_on(cores))} left on {cores_text}{more}"


def name_of(run: Identity) -> str:
    """Return a short name of a run: the method, the task, what differs from the usual, and the seed."""
    unusual = [run.reward] * (run.reward != "dense")
    unusual += [f"{run.data_percent:g} %"] * (run.data_percent != 100)
    return printable(f"{run.method} {run.task}{''.join(f' {each}' for each in unusual)}/{run.seed}")


def job_text(job: Job, seconds: float | None) -> tuple[str, str, str]:
    """Return what a command does, how far it is, and how long it still needs."""
    what = f"{job.verb} {name_of(job.run)}" if job.run else job.what
    far = f"{job.step:,}/{job.steps:,}" if job.steps else ""
    far += f"  loss {job.loss}" if job.loss else ""
    return printable(what), printable(far), "" if seconds is None else f"{spell(seconds)} left"


def status_lines(progress: Progress, cores: int) -> list[str]:
    """Return the lines of `bench status`; in ASCII, and at most 60 wide apart from names and reasons."""
    runs = sum(progress.runs.values())
    lines = [
        f"scale {printable(progress.scale)}: {progress.runs['done']:,} of {runs:,} runs done",
        "",
    ]
    width = max(map(len, [*progress.suites, "suite"]))
    heads = ("runs", *STATES)
    lines.append("  ".join([f"{'suite':{width}}", *heads]))
    for suite, counts in [*progress.suites.items(), (ALL, progress.runs)]:
        cells = [sum(counts.values()), *(counts[state] for state in STATES)]
        texts = [f"{cell:>{len(head)}}" for cell, head in zip(cells, heads, strict=True)]
        lines.append("  ".join([f"{printable(suite):{width}}", *texts]))
    lines.append("")
    files = [f"{name} {done:,}/{of:,}" for name, (done, of) in progress.stages.items()]
    lines.append(f"files: {', '.join(files)}")
    for job, seconds in progress.jobs[:SHOWN]:
        lines.append(f"running: {', '.join(part for part in job_text(job, seconds) if part)}")
    lines += _more(len(progress.jobs), "running")
    for failure in progress.failures[:SHOWN]:
        lines.append(f"failed: {failure.stage} {name_of(failure.run)}: {printable(failure.reason)}")
        lines.append(f"  its log: {printable(log_of(failure.run, failure.stage))}")
    lines += _more(len(progress.failures), "failed")
    for path, reason in list(progress.invalid.items())[:SHOWN]:
        named = str(path) in reason  # some reasons name their file
        lines.append(f"invalid: {printable(reason if named else f'{path}: {reason}')}")
    lines += _more(len(progress.invalid), "invalid")
    lines.append(f"{left(progress, cores)} ({LEFT_OUT})")
    return lines


def _more(count: int, what: str) -> list[str]:
    return [f"{what}: and {count - SHOWN} more"] if count > SHOWN else []


def plain_line(progress: Progress, cores: int) -> str:
    """Return one line for a log."""
    counts: Counter[str] = progress.runs
    parts = [f"{counts['done']:,}/{sum(counts.values()):,} runs done"]
    parts += [f"{counts[state]} {state}" for state in (RUNNING, "failed") if counts[state]]
    texts = [" ".join(job_text(job, seconds)[:2]).strip() for job, seconds in progress.jobs[:2]]
    said = f"{time.strftime('%H:%M:%S')} {printable(progress.scale)}: {', '.join(parts)}; {left(progress, cores)}"
    return f"{said}; now {', '.join(texts)}" if texts else said


def live_view(progress: Progress, cores: int, console: Console) -> RenderableType:
    """Return the view of a terminal: bars, the commands under way, failures, and the time that is left."""
    cut: OverflowMethod = (
        "crop" if console.options.ascii_only else "ellipsis"
    )  # an ellipsis is no ASCII
    runs = sum(progress.runs.values())
    title = Text(f"{printable(progress.scale)}: {progress.runs['done']:,} of {runs:,} runs", "bold")
    bars = Table.grid(padding=(0, 1))
    for _ in range(3):
        bars.add_column(no_wrap=True, overflow=cut)
    for name, (done, of) in progress.stages.items():
        bar = ProgressBar(total=max(of, 1), completed=done if of else 1, width=BAR)
        bars.add_row(name, bar, f"{done:,}/{of:,}")
    under_way = Table.grid(padding=(0, 1), expand=True)
    under_way.add_column(ratio=1, no_wrap=True, overflow=cut)
    under_way.add_column(no_wrap=True, overflow=cut)
    under_way.add_column(justify="right", no_wrap=True, overflow=cut)
    for job, seconds in progress.jobs[:SHOWN]:
        under_way.add_row(*(Text(part) for part in job_text(job, seconds)))
    failed = [
        Text(
            f"failed: {one.stage} {name_of(one.run)}: {printable(one.reason)}",
            "red",
            no_wrap=True,
            overflow=cut,
        )
        for one in progress.failures[-3:]
    ]
    if (hidden := len(progress.failures) - len(failed)) > 0:
        failed.insert(0, Text(f"failed: {hidden} more", "red"))
    rows: list[RenderableType] = [title, bars]
    if progress.jobs:
        rows.append(under_way)
    return Group(*rows, *failed, Text(left(progress, cores), "bold", overflow=cut))
