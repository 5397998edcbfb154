"""Second half of a run: evaluate the trained policy and write the record."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bench.core.code import ROOT
from bench.core.files import DamagedFile, intact, read_json, sha256
from bench.core.machine import commit, machine, peak_memory, prepare
from bench.environments.vector import simulator_versions
from bench.methods.context import SNAPSHOTS
from bench.methods.contract import BadMethod
from bench.methods.loader import Method, blaming, check_policy, load_method
from bench.runs import record
from bench.runs.clock import write_clock
from bench.runs.code import record_code
from bench.runs.identity import RESULT, Identity, identity_of
from bench.runs.policies import POLICY
from bench.runs.rollout import Outcome, evaluate
from bench.runs.train import TRAINING
from bench.tasks.registry import Task, task_by_name


def evaluate_run(
    folder: Path,
    episodes: int,
    num_envs: int,
    curve_episodes: int,
    device: str,
    max_steps: int | None = None,
    episode_list: str = "",
) -> None:
    """Evaluate a trained run's policies; write `result.json` and `run.json` into its folder.

    Args:
        folder: of the run.
        episodes: behind its score.
        num_envs: episodes that run side by side.
        curve_episodes: for each snapshot; 0: none is evaluated.
        device: a torch device.
        max_steps: where an episode is cut short; None: nowhere.
        episode_list: name of the list of episode seeds; empty: that of reported scores.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training is damaged.
        BadMethod: the policy's actions cannot be used.
    """
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task = task_by_name(identity.task, described=training["task"])
    method = load_method(training["module"])
    prepare(device)
    own_target = training["config"].get("target_return")
    target = task.domain.target_return if own_target is None else own_target
    began, cpu = time.perf_counter(), time.process_time()
    evaluations = []
    for path in [folder / SNAPSHOTS / name for name in sorted(training["snapshots"])]:
        if (step := int(path.stem)) == 0 or curve_episodes == 0:
            continue
        side_by_side = min(num_envs, curve_episodes)
        [outcome], _ = score(
            method,
            path,
            task,
            identity,
            [target],
            curve_episodes,
            side_by_side,
            device,
            max_steps,
            episode_list,
        )
        evaluations.append(evaluation(step, outcome, final=False))
    [outcome], rolled_out = score(
        method,
        folder / POLICY,
        task,
        identity,
        [target],
        episodes,
        num_envs,
        device,
        max_steps,
        episode_list,
    )
    evaluations.append(evaluation(training["steps"], outcome, final=True))
    write_record(
        folder,
        identity,
        training,
        task,
        protocol={
            "target": target,
            "episodes": episodes,
            "curve_episodes": curve_episodes,
            "num_envs": num_envs,
            "rolled_out": rolled_out,
            **departures(max_steps, episode_list),
        },
        evaluations=evaluations,
    )
    write_clock(
        folder,
        {
            "training": training["clock"],
            "evaluation": {
                "seconds": round(time.perf_counter() - began, 2),
                "cpu_seconds": round(time.process_time() - cpu, 2),
                "start_seconds": round(cpu, 2),
                "peak_memory_mb": peak_memory(),
            },
            "host": {
                "name": platform.node(),
                "processor": platform.machine(),
                "cores": os.cpu_count(),
                "system": platform.system(),
            },
            "python": platform.python_version(),
            "commit": commit(ROOT),
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        },
    )


def checked_training(folder: Path) -> dict[str, Any]:
    """Return a run's `training.json`, if its policies are the ones that were trained.

    Raises:
        FileNotFoundError: the run was not trained here.
        DamagedFile: the record of the training is damaged, or a policy is missing or another one.
    """
    if not (folder / TRAINING).exists():
        raise FileNotFoundError(
            f"{folder} holds no {TRAINING}: no run was trained there, or its record alone was kept, "
            "as by `bench records unpack`; train it first (`bench train`, or Snakemake)"
        )
    training: dict[str, Any] = read_json(folder / TRAINING)
    if not intact(training):
        raise DamagedFile(
            f"{folder / TRAINING} is damaged, or was changed after it was written (digest differs); delete {folder} "
            "and run again"
        )
    if Identity(**training["identity"]) != identity_of(folder.absolute()):
        raise DamagedFile(
            f"{folder / TRAINING} belongs to another run ({training['identity']}); delete {folder} and run again"
        )
    snapshots = {f"{SNAPSHOTS}/{name}": digest for name, digest in training["snapshots"].items()}
    for path, expected in ({POLICY: training["policy"]} | snapshots).items():
        if not (folder / path).exists() or sha256(folder / path) != expected:
            raise DamagedFile(
                f"policy {folder / path} is not the one that was trained; delete {folder} and run again"
            )
    return training


def departures(max_steps: int | None, episode_list: str) -> dict[str, int | str]:
    """Return what a record's protocol says of a limit on steps that is not the environment's, and of a list of
    episode seeds that is not that of reported scores.
    """
    limit = {} if max_steps is None else {"max_steps": max_steps}
    return limit | ({"episode_list": episode_list} if episode_list else {})


def evaluation(step: int, outcome: Outcome, *, final: bool) -> dict[str, Any]:
    """Return an outcome as a record holds it."""
    return {"step": step, "final": final, **asdict(outcome)}


def write_record(
    folder: Path,
    identity: Identity,
    training: dict[str, Any],
    task: Task,
    *,
    protocol: dict[str, Any],
    evaluations: list[dict[str, Any]],
    name: str = RESULT,
    **more: Any,
) -> None:
    """Write a record of evaluations together with all that the training said of itself.

    Args:
        folder: of the run.
        identity: of the run.
        training: of the run.
        task: of the run.
        protocol: how it was evaluated.
        evaluations: as `evaluation` returns them.
        name: of the file.
        more: further fields of the record.
    """
    record.write(
        folder,
        identity,
        name,
        module=training["module"],
        status="done" if training["diverged_at"] is None else "diverged",
        diverged_at=training["diverged_at"],
        protocol={
            "environment": task.domain.environment,
            "source": training["source"],
            **protocol,
            "task": training["task"],
        },
        evaluations=evaluations,
        training={key: training[key] for key in ("steps", "losses", "curve", "data_folder")},
        config=training["config"],
        hashes={
            "data": training["data"],
            "code": training["code"],
            "evaluation_code": record_code(name, training["module"], task),
            "policy": training["policy"],
        },
        versions=training["versions"] | simulator_versions(task.domain.environment),
        device=training["device"],
        machine={"training": training["machine"], "evaluation": machine(training["device"])},
        **more,
    )


def score(
    method: Method,
    path: Path,
    task: Task,
    identity: Identity,
    targets: list[float],
    episodes: int,
    num_envs: int,
    device: str,
    max_steps: int | None = None,
    episode_list: str = "",
) -> tuple[list[Outcome], bool]:
    """Evaluate a saved policy at some targets.

    Returns:
        An outcome for each target, and whether episodes were rolled out (else: recorded ones).

    Raises:
        BadMethod: a policy other than `behaviour` claims recorded episodes, or its actions cannot
            be used.
    """
    with blaming(identity.method):
        policy = method.load(path, device)
    rolled_out = getattr(policy, "recorded", None) is None
    if not rolled_out and method.name != "behaviour":
        raise BadMethod(
            f"method {method.name}: only baselines/behaviour.py may be scored as `recorded`; "
            "every other policy is rolled out"
        )
    check_policy(policy, method.load, identity.method)

    def progress(done: int, total: int) -> None:
        print(f"{path.name}: {done}/{total} episodes", flush=True)

    with blaming(identity.method):
        outcomes = evaluate(
            policy,
            task,
            method=identity.method,
            episodes=episodes,
            targets=[float(target) for target in targets],
            num_envs=num_envs,
            seed=identity.seed,
            sparse=identity.reward == "sparse",
            max_steps=max_steps,
            episode_list=episode_list,
            progress=progress,
        )
    return [
        replace(outcome, returns=[round(value, 6) for value in outcome.returns])
        for outcome in outcomes
    ], rolled_out
