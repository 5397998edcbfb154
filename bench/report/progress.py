"""How far a config is: which runs are done, running, failed, missing or invalid, and how long the rest will take."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from bench.core.files import DamagedFile, read_json
from bench.report.jobs import Job, failure_of, jobs, trained_by_hand
from bench.report.run_cost import Cost, cost_of
from bench.report.state import INVALID, MISSING, VALID, States
from bench.report.step_costs import FREE, FREE_ENDINGS, Measured, Record, domain_family, sums
from bench.runs import archive
from bench.runs.clock import CLOCK
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.runs.plan import Plan, Variant
from bench.runs.planned import manifest_of

DONE, RUNNING, FAILED = "done", "running", "failed"
STAGES = ("train", "evaluate", "sweep")
STATES = (DONE, RUNNING, FAILED, MISSING, INVALID)


@dataclass(frozen=True)
class Failure:
    """A run that failed: in which stage, and its error."""

    run: Identity
    stage: str
    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a config is at one moment.

    Attributes:
        scale: its name.
        suites: suite -> state -> number of runs. A run that two suites share counts in both. It is done in
            a suite that has all records of it, even if the other one needs more.
        runs: the same over all suites; every run counts once.
        stages: stage -> how many of its files are valid, and how many there are.
        jobs: the commands that run, and how many seconds each still needs; None if that is not known.
        failures: the runs that failed.
        invalid: path -> why the file is not valid.
        core_seconds: what is left, without data sets, diagnostics and tables.
        longest: the largest part of it that one run needs.
        unknown: the number of unfinished runs without a measurement.
        snakemake: whether a pipeline works in this folder.
    """

    scale: str
    suites: dict[str, Counter[str]]
    runs: Counter[str]
    stages: dict[str, tuple[int, int]]
    jobs: list[tuple[Job, float | None]]
    failures: list[Failure]
    invalid: dict[Path, str]
    core_seconds: float
    longest: float
    unknown: int
    snakemake: bool

    def seconds_on(self, cores: int) -> float:
        """Return the time that is left on this number of cores."""
        return max(self.core_seconds / cores, self.longest)


class Tracker:
    """Says how far a config is, again and again; what did not change is not read again."""

    def __init__(self, config: dict[str, Any], plan: Plan) -> None:
        """Begin.

        Args:
            config: the merged config.
            plan: its plan.

        Raises:
            DamagedFile: the list of links is damaged.
        """
        self._config, self._plan, self._states = config, plan, States(config, plan)
        self._costs: dict[Identity, Cost | None] = {}
        self._known: dict[str, Measured | None] = {}
        self._finished: dict[Identity, Record] = {}
        self._counted = 0
        runs = plan.all_runs()
        swept = {run for suite in plan.swept for run in plan.runs[suite]}
        diagnosed = {
            run: DIAGNOSTICS[name].record
            for suite, name in plan.diagnosed.items()
            for run in plan.runs[suite]
        }
        self._stages = {
            run: [("evaluate", RESULT)]
            + ([("sweep", SWEEP)] if run in swept else [])
            + ([(diagnosed[run].removesuffix(".json"), diagnosed[run])] if run in diagnosed else [])
            for run in runs
        }
        self._data = {manifest_of(config, run.task) for run in runs}

    @property
    def scale(self) -> str:
        """The name of the config."""
        return self._plan.scale

    def now(self) -> Progress:
        """Return how far it is now."""
        running, snakemake = jobs(self._plan.scale)
        files = {run: self._files(run) for run in self._stages}
        self._forget_what_was_unknown()
        states: dict[Identity, str] = {}
        failures: list[Failure] = []
        left: dict[Identity, Cost | None] = {}
        for run, found in files.items():
            if all(state == VALID for state in found.values()):
                states[run] = DONE
                continue
            mine = [job for job in running if job.run == run]
            if not mine and found["train"] != VALID and (job := trained_by_hand(run)):
                running.append(job)
                mine = [job]
            left[run] = self._rest(run, found, mine)
            stage = next(stage for stage, state in found.items() if state != VALID)
            if mine:
                states[run] = RUNNING
            elif found[stage] == MISSING and (reason := failure_of(run, stage)) is not None:
                states[run] = FAILED
                failures.append(Failure(run, stage, reason))
            else:
                states[run] = INVALID if INVALID in found.values() else MISSING
        known = [cost.total for cost in left.values() if cost is not None]
        return Progress(
            self._plan.scale,
            {suite: self._of_suite(suite, states, files) for suite in self._plan.runs},
            Counter(states.values()),
            self._count(files),
            [(job, self._seconds_left(job)) for job in running],
            failures,
            dict(self._states.reasons),
            sum(known),
            max(known, default=0.0),
            sum(cost is None for cost in left.values()),
            snakemake,
        )

    def _of_suite(
        self, suite: str, states: dict[Identity, str], files: dict[Identity, dict[str, str]]
    ) -> Counter[str]:
        """Return the states of the runs of a suite. A run is done if the records that this suite needs of it are."""
        stages = {"evaluate"}
        if suite in self._plan.swept:
            stages.add("sweep")
        if suite in self._plan.diagnosed:
            stages.add(DIAGNOSTICS[self._plan.diagnosed[suite]].record.removesuffix(".json"))
        return Counter(
            DONE if all(files[run][stage] == VALID for stage in stages) else states[run]
            for run in self._plan.runs[suite]
        )

    def _files(self, run: Identity) -> dict[str, str]:
        """Return stage -> VALID, INVALID or MISSING, in the order of the stages of a run."""
        found = {stage: self._states.record(run, name) for stage, name in self._stages[run]}
        trained = VALID if found["evaluate"] == VALID else self._states.training(run)
        return {"train": trained, **found}

    def _count(self, files: dict[Identity, dict[str, str]]) -> dict[str, tuple[int, int]]:
        """Return stage -> the number of its valid files, and of all. All diagnostics are one stage."""
        counts = {"data": [sum(path.exists() for path in self._data), len(self._data)]}
        counts |= {stage: [0, 0] for stage in (*STAGES, "diagnose")}
        for found in files.values():
            for stage, state in found.items():
                group = counts[stage if stage in STAGES else "diagnose"]
                group[0] += state == VALID
                group[1] += 1
        return {stage: (done, of) for stage, (done, of) in counts.items() if of}

    def _forget_what_was_unknown(self) -> None:
        """Look for measurements again if another run is finished."""
        if len(self._states.finished) != self._counted:
            self._counted = len(self._states.finished)
            self._known = {key: one for key, one in self._known.items() if one is not None}
            self._costs = {run: one for run, one in self._costs.items() if one is not None}

    def _rest(self, run: Identity, found: dict[str, str], mine: list[Job]) -> Cost | None:
        """Return what a run still costs; None if that is not known."""
        whole = self._cost(run)
        if whole is None:
            return None
        share = 0.0 if found["train"] == VALID else 1.0
        for job in mine:
            if job.verb == "train" and job.steps:
                share = 1 - job.step / job.steps
        again = found["evaluate"] != VALID
        return replace(
            whole,
            training=share * whole.training,
            evaluation=whole.evaluation * again,
            curve=whole.curve * again,
            sweep=whole.sweep if found.get("sweep", VALID) != VALID else 0.0,
            start=whole.start * again,
        )

    def _seconds_left(self, job: Job) -> float | None:
        cost = None if job.run is None or job.run not in self._stages else self._cost(job.run)
        if job.verb == "train" and job.steps and job.step:
            share = 1 - job.step / job.steps
            whole = cost.training if cost else job.seconds / job.step * job.steps
            return share * whole
        if cost is None:
            return None
        own = {
            "train": cost.training,
            "evaluate": cost.evaluation + cost.curve,
            "sweep": cost.sweep,
        }
        return max(own[job.verb] - job.seconds, 0.0) if job.verb in own else None

    def _cost(self, run: Identity) -> Cost | None:
        if run not in self._costs:
            known = self._measured(run)
            cost = None if known is None else cost_of(run, self._plan, self._config, known)
            self._costs[run] = cost
        return self._costs[run]

    def _measured(self, run: Identity) -> Measured | None:
        """Return the measured steps of the most similar runs: first of those that were measured here, then of those of
        the packed records. None if there are none.
        """
        variant = self._plan.variants[run.method]
        key = json.dumps([run.method, run.task.partition("-")[0], variant.options_json(run.task)])
        if key not in self._known:
            here = _nearest(self._here(variant.module), variant, run)
            nearest = here or _nearest(_packed(), variant, run)
            self._known[key] = sums(nearest) if nearest else None
        return self._known[key]

    def _here(self, module: str) -> list[Record]:
        """Return the finished runs of a module that were read so far."""
        for run, result in self._states.finished.items():
            if result["module"] == module and run not in self._finished:
                with contextlib.suppress(DamagedFile, OSError):
                    clock = read_json(run.folder() / CLOCK)
                    self._finished[run] = Record(
                        run.scale, run.task, module, {}, result, clock, "here"
                    )
        return [one for one in self._finished.values() if one.module == module]


@cache
def _packed() -> list[Record]:
    """Return the finished runs of the packed records."""
    found = []
    for scale in archive.scales():
        packed = archive.read(archive.archive_of(scale), [RESULT, CLOCK])
        for file, result in packed.items():
            place = PurePosixPath(file)
            clock = packed.get(str(place.with_name(CLOCK)))
            if place.name == RESULT and clock is not None:
                module, task = result["module"], place.parts[3]
                found.append(Record(scale, task, module, {}, result, clock, scale))
    return found


def _nearest(records: list[Record], variant: Variant, run: Identity) -> list[Record]:
    """Return the records that tell most about the cost of a run: of its method in its domain, else of its module with
    such settings in the domain or the family, else of its module in the family.
    """
    domain = run.task.partition("-")[0]
    mine = [
        one
        for one in records
        if one.module == variant.module and domain_family(one.domain) == domain_family(domain)
    ]
    asked = {
        name: value
        for name, value in json.loads(variant.options_json(run.task)).items()
        if name not in FREE and not name.endswith(FREE_ENDINGS)
    }
    fitting = [one for one in mine if _fits(asked, one.result["config"])]
    near = [one for one in fitting if one.domain == domain]
    return [one for one in near if _method(one) == run.method] or near or fitting or mine


def _method(record: Record) -> str:
    return str(record.result["identity"]["method"])


def _fits(asked: dict[str, Any], settings: dict[str, Any]) -> bool:
    """Return whether a run had the settings that the config gives a method, as far as they can change its cost."""
    return all(settings.get(name, value) == value for name, value in asked.items())
