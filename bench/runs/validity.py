"""Which data sets and results of a config are valid here, by the digests and settings that they record.

Snakemake decides by times of files and by metadata in `.snakemake`. Neither travels with `cp -r`, rsync or a clone. So
results that were copied would be made again, and results of other code would be taken for finished.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.behaviours import ZOO
from bench.core.files import DamagedFile, read_json, sha256
from bench.datasets import storage
from bench.methods.contract import BadMethod
from bench.methods.loader import load_method
from bench.runs import links, record
from bench.runs.check import why_stale
from bench.runs.clock import read_clock
from bench.runs.code import training_code
from bench.runs.compare import first_difference
from bench.runs.evaluate import checked_training
from bench.runs.identity import RESULT, SWEEP, Identity
from bench.runs.links import Links
from bench.runs.plan import Plan
from bench.runs.planned import evaluation_of, manifest_of
from bench.runs.train import TRAINING
from bench.tasks.registry import task_by_name


@dataclass(frozen=True)
class Verdict:
    """What was found at the place of a data set, a training or a record.

    Attributes:
        path: its main file, relative to the working directory.
        kind: `data`, `training` or `record`.
        reason: why it is not valid; None if it is.
        exists: whether the file exists.
    """

    path: Path
    kind: str
    reason: str | None
    exists: bool = True


def verdicts(config: dict[str, Any], plan: Plan) -> Iterator[Verdict]:
    """Yield the verdict of each data set, training and record of a config, in the order in which they are made.

    Args:
        config: the whole config, checked.
        plan: its plan.

    Raises:
        DamagedFile: the list of links is damaged.
    """
    linked = links.read()
    data: dict[str, Verdict] = {}
    trainings: dict[Path, Verdict] = {}
    for run in plan.all_runs():
        if run.task not in data:
            path = manifest_of(config, run.task)
            data[run.task] = _judged(path, "data", _why_not_data, run.task)
            yield data[run.task]
        path = run.folder() / TRAINING
        expected = partial(_expected, run, config, plan, data[run.task].path)
        found = _judged(path, "training", _why_not_training, data[run.task], expected, linked)
        trainings[path.parent] = found
        yield found
    for path in dict.fromkeys(path for suite in plan.runs for path in plan.records(suite)):
        yield _judged(path, "record", _why_not_record, trainings[path.parent], config, linked)


def _judged(path: Path, kind: str, why_not: Callable[..., str | None], *rest: Any) -> Verdict:
    if not path.exists():
        return Verdict(path, kind, "it does not exist", exists=False)
    try:
        return Verdict(path, kind, why_not(path, *rest))
    except (DamagedFile, BadMethod, FileNotFoundError, ValueError, KeyError) as error:
        return Verdict(path, kind, str(error).split("; delete")[0])


def _why_not_data(manifest: Path, task_name: str) -> str | None:
    storage.load(manifest.parent)
    content = storage.read_manifest(manifest.parent)
    if content.get("task", task_name) != task_name:
        return f"its manifest is of task {content['task']!r}"
    if manifest.parts[1] != "generated":
        return None
    agents = {
        part["policy"]: part["sha256"] for part in content.get("parts", ()) if "sha256" in part
    }
    # a variant of an environment has the behaviour policies of another domain
    zoo = ZOO / content.get("zoo", task_by_name(task_name).domain.name)
    for name, digest in agents.items():
        if not (zoo / name).exists() or sha256(zoo / name) != digest:
            return f"the behaviour policy {name} that generated it is not the current one"
    return None


def expected_settings(run: Identity, config: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Return what the record of a run must say of its settings.

    Args:
        run: one of the plan.
        config: the whole config.
        plan: its plan.
    """
    variant = plan.variants[run.method]
    configured = load_method(variant.module).configure(json.loads(variant.options_json(run.task)))
    if hasattr(configured, "on"):
        configured = configured.on(config["device"])
    return {
        "identity": asdict(run),
        "module": variant.module,
        "config": asdict(configured),
        "steps": variant.steps_on(run.task),
        "curve": config["training"]["curve"] if run in plan.curved else [],
        "device": config["device"],
    }


def _expected(run: Identity, config: dict[str, Any], plan: Plan, manifest: Path) -> dict[str, Any]:
    """Return what the record of a training must say, apart from the code."""
    about = {"task": asdict(task_by_name(run.task)), "data": sha256(manifest)}
    return expected_settings(run, config, plan) | about


def _why_not_training(
    path: Path, data: Verdict, expected: Callable[[], dict[str, Any]], linked: Links
) -> str | None:
    if data.reason:
        return f"its data set {data.path.parent} is not valid: {data.reason}"
    training = checked_training(path.parent)
    wanted = json.loads(json.dumps(expected()))
    if difference := first_difference({key: training.get(key) for key in wanted}, wanted):
        return difference
    now = training_code(training["module"])
    if not links.same(training["code"], now, linked):
        return f"code: {links.first_difference(training['code'], now)}"
    return None


def _why_not_record(
    path: Path, training: Verdict, config: dict[str, Any], linked: Links
) -> str | None:
    if training.reason:
        return f"its training is not valid: {training.reason}"
    content = record.read(path)
    if reason := why_stale(path.name, content, linked):
        return reason
    if content["hashes"]["policy"] != read_json(path.with_name(TRAINING))["policy"]:
        return "it is of another policy than the one beside it"
    if path.name == RESULT and read_clock(path) is None:
        return "run.json, which is made with it, does not exist"
    wanted = expected_protocol(path.name, evaluation_of(config, content["identity"]["task"]))
    protocol = content["protocol"]
    return first_difference({key: protocol.get(key) for key in wanted}, wanted)


def expected_protocol(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the protocol of a record must say.

    Args:
        name: of the record's file.
        settings: of the evaluation on its task (`bench.runs.planned.evaluation_of`).
    """
    cut = {key: settings[key] for key in ("max_steps", "episode_list")}
    if name == RESULT:
        return cut | {key: settings[key] for key in ("episodes", "num_envs", "curve_episodes")}
    if name == SWEEP:
        return cut | {"episodes": settings["sweep_episodes"], "points": settings["sweep_points"]}
    return {"episodes": settings["diagnostic_episodes"]}
