"""Which files of a plan are there and valid, quickly: nothing of a data set is read, and no method is imported.

`bench results check` (`bench.runs.validity`) is thorough and slow. Here a record is valid if its digest is sound, the
current code made it, and its updates and its protocol are those of the config.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from bench.core.code import fingerprint
from bench.core.files import DamagedFile, intact, read_json
from bench.runs import links
from bench.runs.check import why_stale
from bench.runs.clock import CLOCK
from bench.runs.code import Fingerprint, record_files, training_files
from bench.runs.compare import first_difference
from bench.runs.identity import RESULT, Identity
from bench.runs.plan import Plan
from bench.runs.planned import evaluation_of
from bench.runs.train import TRAINING
from bench.runs.validity import expected_protocol
from bench.tasks.registry import Task

VALID, INVALID, MISSING = "valid", "invalid", "missing"


class States:
    """Judges the files of a plan, and judges a file again only if it changed."""

    def __init__(self, config: dict[str, Any], plan: Plan) -> None:
        """Read the links between codes.

        Raises:
            DamagedFile: the list of links is damaged.
        """
        self._config, self._plan, self._links = config, plan, links.read()
        self._judged: dict[Path, tuple[tuple[int, int], str]] = {}
        self._stale: dict[str, str | None] = {}
        self._settings = cache(lambda task: evaluation_of(config, task))
        self._fingerprint = cache(lambda files: fingerprint(*files))
        self.reasons: dict[Path, str] = {}
        self.finished: dict[Identity, dict[str, Any]] = {}  # what the costs of a finished run need

    def record(self, run: Identity, name: str) -> str:
        """Return whether a record of a run is VALID, INVALID or MISSING. `reasons` then says why it is invalid."""
        return self._state(run.folder() / name, lambda path: self._why_not_record(path, run))

    def training(self, run: Identity) -> str:
        """Return whether the training of a run is VALID, INVALID or MISSING."""
        return self._state(run.folder() / TRAINING, lambda path: self._why_not_training(path, run))

    def _state(self, path: Path, why_not: Callable[[Path], str | None]) -> str:
        try:
            status = path.stat()
        except OSError:
            self._judged.pop(path, None)
            self.reasons.pop(path, None)
            return MISSING
        stamp = (status.st_mtime_ns, status.st_size)
        if (known := self._judged.get(path)) is not None and known[0] == stamp:
            return known[1]
        try:
            reason = why_not(path)
        except (DamagedFile, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error).split("; delete")[0] or type(error).__name__
        state = VALID if reason is None else INVALID
        self._judged[path] = (stamp, state)
        self.reasons.pop(path, None)
        if reason is not None:
            self.reasons[path] = reason
        return state

    def _why_not_training(self, path: Path, run: Identity) -> str | None:
        content = read_json(path)
        if not intact(content):
            return "it was changed after it was written (digest differs)"
        variant = self._plan.variants[run.method]
        wanted = {"module": variant.module, "steps": variant.steps_on(run.task)}
        if difference := first_difference({key: content[key] for key in wanted}, wanted):
            return difference
        now: Fingerprint = self._fingerprint(training_files(variant.module))
        if not links.same(content["code"], now, self._links):
            return f"code: {links.first_difference(content['code'], now)}"
        return None

    def _why_not_record(self, path: Path, run: Identity) -> str | None:
        content = read_json(path)
        if not intact(content):
            return "it was changed after it was written (digest differs)"
        if Identity(**content["identity"]) != run:
            return f"it belongs to another run ({content['identity']})"
        if path.name == RESULT and not path.with_name(CLOCK).exists():
            return f"{CLOCK}, which is made with it, does not exist"
        variant = self._plan.variants[run.method]
        wanted: dict[str, Any] = {"module": variant.module, "steps": variant.steps_on(run.task)}
        found = {"module": content["module"], "steps": content["training"]["steps"]}
        if difference := first_difference(found, wanted):
            return difference
        wanted = expected_protocol(path.name, self._settings(run.task))
        protocol = {key: content["protocol"].get(key) for key in wanted}
        reason = first_difference(protocol, wanted) or self._why_stale(path.name, content)
        if path.name == RESULT and reason is None:
            kept = {key: content[key] for key in ("identity", "module", "config", "diverged_at")}
            kept["training"] = {"steps": content["training"]["steps"]}
            kept["protocol"] = {"rolled_out": content["protocol"]["rolled_out"]}
            kept["evaluations"] = [{"lengths": each["lengths"]} for each in content["evaluations"]]
            self.finished[run] = kept
        return reason

    def _why_stale(self, name: str, content: dict[str, Any]) -> str | None:
        """Return why other code made a record. Records of one method and task mostly have the same code."""
        hashes = {key: content["hashes"].get(key) for key in ("code", "evaluation_code")}
        about = [name, content["module"], content["identity"]["task"], hashes]
        key = json.dumps([*about, content["protocol"].get("task")])
        if key not in self._stale:
            self._stale[key] = why_stale(name, content, self._links, self._code)
        return self._stale[key]

    def _code(self, name: str, module: str, task: Task) -> dict[str, Fingerprint]:
        """Return the current code. Records of many tasks share the files that decide them."""
        return {
            "training": self._fingerprint(training_files(module)),
            "evaluation": self._fingerprint(record_files(name, module, task)),
        }
