"""Which runs of a config have no valid packed record.

A scale can be run in parts: on several machines, or on one whose results are not kept. The records of each part are
packed into one file (`bench records pack --add`), and the runs that this module names are those still to be run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.runs import record
from bench.runs.check import why_stale
from bench.runs.clock import CLOCK
from bench.runs.compare import first_difference
from bench.runs.identity import RESULT, Identity
from bench.runs.links import Links
from bench.runs.plan import Plan
from bench.runs.planned import evaluation_of, manifest_of
from bench.runs.validity import expected_protocol, expected_settings


def missing(
    config: dict[str, Any], plan: Plan, packed: Mapping[str, Any], linked: Links
) -> dict[Path, str]:
    """Return the records of every run that has no complete, valid set of them: path -> reason.

    If one record of a run is missing, all of its records are returned, because they are made of one policy, which is
    not packed.

    Args:
        config: the whole config, checked.
        plan: its plan.
        packed: path -> content of the packed files (`bench.runs.archive.read`).
        linked: the fingerprints that count as equal.

    Raises:
        DamagedFile: a packed record is damaged.
    """
    wanted: dict[Identity, dict[Path, None]] = {}
    for suite, runs in plan.runs.items():
        folders = {run.folder(): run for run in runs}
        for path in plan.records(suite):
            wanted.setdefault(folders[path.parent], {})[path] = None
    found: dict[Path, str] = {}
    for run, paths in wanted.items():
        reasons = {path: _why_missing(path, run, config, plan, packed, linked) for path in paths}
        if any(reasons.values()):
            found |= {
                path: reason or "another record of this run is missing"
                for path, reason in reasons.items()
            }
    return found


def _why_missing(
    path: Path,
    run: Identity,
    config: dict[str, Any],
    plan: Plan,
    packed: Mapping[str, Any],
    linked: Links,
) -> str | None:
    if str(path) not in packed:
        return "it is not packed"
    if path.name == RESULT and str(path.with_name(CLOCK)) not in packed:
        return f"{CLOCK}, which is made with it, is not packed"
    content = record.checked(packed[str(path)], f"the packed {path}", path.parent)
    if reason := why_stale(path.name, content, linked):
        return reason
    training = content["training"]
    told = {
        "identity": content["identity"],
        "module": content["module"],
        "config": content["config"],
        "steps": training["steps"],
        "curve": training["curve"],
        "device": content["device"],
        "data": training["data_folder"],
    }
    folder = str(manifest_of(config, run.task).parent.relative_to("data"))
    settings = json.loads(json.dumps(expected_settings(run, config, plan) | {"data": folder}))
    if difference := first_difference({key: told[key] for key in settings}, settings):
        return difference
    protocol = expected_protocol(path.name, evaluation_of(config, run.task))
    return first_difference({key: content["protocol"].get(key) for key in protocol}, protocol)
