"""Measure what an update costs: train and evaluate a short run of each method that has no record.

The run is an ordinary one of the scale `costs`, so its record gives the measurement from then on.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.core.code import ROOT
from bench.core.files import read_json
from bench.report.run_cost import settings_on
from bench.report.step_costs import Record, learns_in_environment, measured, settings_of
from bench.runs.clock import CLOCK
from bench.runs.identity import Identity
from bench.runs.plan import Plan, Variant

SCALE = "costs"
FIRST, SECONDS = 20, 8.0  # updates of a first try; core-seconds of the measurement
DATA_STEPS = 2000  # an update costs the same on a data set of any size


class NotMeasured(ValueError):
    """A short run failed. The message names the command and its last line."""


def unmeasured(
    plan: Plan, config: dict[str, Any], records: list[Record], suites: list[str]
) -> list[Identity]:
    """Return a run of each module, domain and setting without a record; none of a method that learns online, because
    its environment steps do not become fewer with its updates, so a short run would say too much for an update.
    """
    found: dict[tuple[str, str, str], Identity] = {}
    for run in (run for suite in suites for run in plan.runs[suite]):
        variant, domain = plan.variants[run.method], run.task.partition("-")[0]
        options = json.loads(variant.options_json(run.task))
        settings = settings_of(variant.module, options, config["device"])
        key = (variant.module, domain, json.dumps(settings, sort_keys=True))
        if learns_in_environment(variant.module, settings):
            continue
        if key not in found and measured(records, variant.module, settings, domain) is None:
            found[key] = run
    return list(found.values())


def measure(
    plan: Plan, config: dict[str, Any], records: list[Record], suites: list[str], results: Path
) -> None:
    """Train and evaluate a short run of each method without a record, and keep its record.

    Args:
        plan: of the config.
        config: the merged config.
        records: finished runs.
        suites: whose runs are measured.
        results: the records go to `results/costs/runs`.

    Raises:
        NotMeasured: a short run failed.
        ValueError: `results` is no folder named results.
    """
    if results.absolute().name != "results":
        raise ValueError(f"--results is {results}; a folder of records is named `results`")
    with tempfile.TemporaryDirectory() as name:
        for run in unmeasured(plan, config, records, suites):
            data = Path(name, run.task)
            if not data.exists():
                _bench("data", "generate", "--task", run.task, "--steps", DATA_STEPS, "--out", data)
            folder = results.absolute().parent / replace(run, scale=SCALE).folder()
            _short_run(plan.variants[run.method], run, config, folder, data)
            print(f"measured: {run.method} on {run.task}", flush=True)


def _short_run(
    variant: Variant, run: Identity, config: dict[str, Any], folder: Path, data: Path
) -> None:
    """Train for some seconds, as a first try of a few updates says, and evaluate."""
    settings, updates = settings_on(config, run.task), variant.steps_on(run.task)
    most = settings["max_steps"]
    for steps in (min(FIRST, updates), None):
        if steps is None:
            spent = read_json(folder / CLOCK)["training"]["cpu_seconds"]
            steps = min(max(FIRST, round(FIRST * SECONDS / max(spent, 0.01))), updates)
            if steps <= FIRST:
                return
        options = variant.options_json(run.task)
        about = ["--module", variant.module, "--steps", steps, "--options", options]
        _bench("train", "--run", folder, "--data", data, *about, "--device", config["device"])
        count = min(settings["num_envs"], settings["episodes"])
        rollout = ["--episodes", count, "--num-envs", count, "--curve-episodes", 0]
        rollout += [] if most is None else ["--max-steps", most]
        _bench("evaluate", "--run", folder, *rollout, "--device", config["device"])


def _bench(*words: object) -> None:
    command = [sys.executable, "-m", "bench", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotMeasured(f"`bench {' '.join(command[3:])}` failed: {last}")
