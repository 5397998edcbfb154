"""Second half of a run: evaluate the trained policy and write the record."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path

from bench import record
from bench.code import ROOT, fingerprint, method_file
from bench.context import KEPT
from bench.files import DamagedFile, read_json, sha256, write_json
from bench.identity import Identity, identity_of
from bench.machine import commit, peak_memory, prepare
from bench.method import BadMethod, Method, blaming, load_method
from bench.protocol import Outcome, evaluate
from bench.tasks import Task, task_by_name
from bench.train import POLICY, TRAINING

SIMULATOR = ("gymnasium", "mujoco")  # these count when the policy is rolled out


def evaluate_run(folder: Path, episodes: int, lanes: int, curve_episodes: int, device: str) -> None:
    """Evaluate a trained run's policies; write `result.json` and `run.json` into its folder.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training is damaged.
        BadMethod: the policy's actions cannot be used.
    """
    identity = identity_of(folder.absolute())
    training = read_json(folder / TRAINING)
    task, method = task_by_name(identity.task), load_method(training["module"])
    prepare(device)
    for path, expected in [(POLICY, training["policy"])] + [
        (f"{KEPT}/{k}", v) for k, v in training["kept"].items()
    ]:
        if not (folder / path).exists() or sha256(folder / path) != expected:
            raise DamagedFile(
                f"policy {folder / path} is not the one that was trained; delete {folder} and run again"
            )
    asked = training["config"].get("target_return")
    target = task.domain.target_return if asked is None else asked
    began, cpu = time.perf_counter(), time.process_time()
    evaluations = []
    for path in [folder / KEPT / name for name in sorted(training["kept"])]:
        if (step := int(path.stem)) == 0 or curve_episodes == 0:
            continue
        outcome, _ = _score(
            method, path, task, identity, target, curve_episodes, min(lanes, curve_episodes), device
        )
        evaluations.append({"step": step, "final": False, **asdict(outcome)})
    outcome, rolled_out = _score(
        method, folder / POLICY, task, identity, target, episodes, lanes, device
    )
    evaluations.append({"step": training["steps"], "final": True, **asdict(outcome)})
    files = (method_file(training["module"]), Path("bench/evaluate.py"))
    record.write(
        folder,
        identity,
        module=training["module"],
        status="done" if training["diverged_at"] is None else "diverged",
        diverged_at=training["diverged_at"],
        protocol={
            "environment": task.domain.environment,
            "source": training["source"],
            "target": target,
            "episodes": episodes,
            "curve_episodes": curve_episodes,
            "lanes": lanes,
            "rolled_out": rolled_out,
            "task": training["task"],
        },
        evaluations=evaluations,
        training={"steps": training["steps"], "losses": training["losses"]},
        config=training["config"],
        hashes={
            "data": training["data"],
            "code": training["code"],
            "evaluation_code": fingerprint(*files),
            "policy": training["policy"],
        },
        versions=training["versions"] | {name: version(name) for name in SIMULATOR},
        device=training["device"],
    )
    write_json(
        folder / "run.json",
        {
            "training": training["clock"],
            "evaluation": {
                "seconds": round(time.perf_counter() - began, 2),
                "cpu_seconds": round(time.process_time() - cpu, 2),
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


def _score(
    method: Method,
    path: Path,
    task: Task,
    identity: Identity,
    target: float,
    episodes: int,
    lanes: int,
    device: str,
) -> tuple[Outcome, bool]:
    policy = method.load(path, device)
    rolled_out = getattr(policy, "recorded", None) is None
    if not rolled_out and method.name != "behaviour":
        raise BadMethod(
            f"method {method.name}: only baselines/behaviour.py may be scored as `recorded`; "
            "every other policy is rolled out"
        )

    def progress(done: int, total: int) -> None:
        print(f"{path.name}: {done}/{total} episodes", flush=True)

    with blaming(identity.method):
        [outcome] = evaluate(
            policy,
            task,
            method=identity.method,
            episodes=episodes,
            targets=[float(target)],
            lanes=lanes,
            seed=identity.seed,
            sparse=identity.reward == "sparse",
            progress=progress,
        )
    return replace(outcome, returns=[round(value, 6) for value in outcome.returns]), rolled_out
