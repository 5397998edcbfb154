"""The page of provenance: config, code, versions, machines and data behind the runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from bench.report.site.context import Context
from bench.report.site.render import number
from bench.report.site.runs import Run
from bench.report.site.views import View, plain

SECTION = "provenance.html"


def pages(context: Context) -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of the page."""
    scored = [run for run in context.runs if run.record is not None]
    sections = {
        "Machines": _machines(scored),
        "Versions": _versions(scored),
        "Commits": _commits(scored),
        "Data sets": _data(scored),
        "Code": _code(scored),
    }
    finished = sorted(str((run.clock or {}).get("finished", "")) for run in scored)
    dates = [date for date in finished if date]
    config = yaml.safe_dump(context.inputs.config, sort_keys=False, allow_unicode=True, width=110)
    yield (
        SECTION,
        context.page(
            "provenance.html",
            SECTION,
            "Provenance",
            sections={name: view for name, view in sections.items() if view.rows},
            config=config,
            first=dates[0] if dates else "",
            last=dates[-1] if dates else "",
            hours=number(_hours(scored)),
            packed=context.inputs.packed,
            notes=context.notes,
        ),
    )


def _hours(runs: Iterable[Run]) -> float:
    spent = (run.spent(part) for run in runs for part in ("training", "evaluation"))
    return sum(value for value in spent if value == value) / 3600


def _machines(runs: list[Run]) -> View:
    counts: Counter[tuple[str, ...]] = Counter()
    hours: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for run in runs:
        host = (run.clock or {}).get("host")
        host = host if isinstance(host, dict) else {}
        assert run.record is not None
        trained = run.record.get("machine", {}).get("training", {})
        key = (
            str(host.get("name", "—")),
            str(trained.get("processor") or host.get("processor", "—")),
            str(trained.get("instruction_set") or "—"),
            str(host.get("cores", "—")),
            str(host.get("system", "—")),
            str((run.clock or {}).get("python", "—")),
            str(run.record["device"]),
        )
        counts[key] += 1
        hours[key] += _hours([run])
    headings = ["Host", "Processor", "Instructions", "Cores", "System", "Python", "Device", "Runs"]
    rows = [[*key, f"{count:,}", number(hours[key])] for key, count in counts.most_common()]
    return plain([*headings, "Core-hours"], rows)


def _versions(runs: list[Run]) -> View:
    return _counted(
        ["Package", "Version", "Runs"],
        (
            (str(name), str(version))
            for run in runs
            for name, version in _record(run)["versions"].items()
        ),
    )


def _commits(runs: list[Run]) -> View:
    keys = ((str((run.clock or {}).get("commit") or "unknown"),) for run in runs)
    return _counted(["Commit", "Runs"], keys)


def _data(runs: list[Run]) -> View:
    keys = (
        (
            run.identity.task,
            str(_record(run)["training"].get("data_folder", "—")),
            str(_record(run)["protocol"].get("source", "—")),
            str(_record(run)["hashes"]["data"]),
        )
        for run in runs
    )
    return _counted(
        ["Task", "Folder below data", "Source", "SHA-256 of the manifest", "Runs"], keys
    )


def _code(runs: list[Run]) -> View:
    keys = (
        (file, str(found))
        for run in runs
        for file, found in sorted(
            {
                (str(file), str(found))
                for part in ("code", "evaluation_code")
                for file, found in (_record(run)["hashes"].get(part) or {}).items()
            }
        )
    )
    return _counted(["File", "Fingerprint", "Runs"], keys)


def _counted(headings: list[str], keys: Iterable[tuple[str, ...]]) -> View:
    """Return a table of what occurs in the runs, and in how many of them."""
    counts = Counter(keys)
    return plain(headings, [[*key, f"{counts[key]:,}"] for key in sorted(counts)])


def _record(run: Run) -> dict[str, Any]:
    assert run.record is not None
    return run.record
