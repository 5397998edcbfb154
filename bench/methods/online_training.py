"""Methods that go on learning in their environment: the order of their two phases, and the loop of the second one.

Such a method has a function `improve(policy, data, config, context, environment) -> Policy` beside its offline
training. Its `train` is `train_then_improve`, which calls the two one after the other. So a run of it has the
checkpoints, snapshots and records of any run, and a stopped run resumes in either phase with the same numbers.
The offline training sees no environment. `dt/online.py` is an example.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from bench.core import stopping
from bench.core.files import DamagedFile, replacing
from bench.datasets.trajectories import Trajectories
from bench.methods import checkpoints
from bench.methods.context import Context
from bench.methods.contract import Diverged, Policy
from bench.methods.online import PREFIX, Environment, NotFinite, Round
from bench.methods.training import LOG_LINES, Update, pack, unpack

OFFLINE = "offline.safetensors"  # the policy before its first step in the environment

Offline = Callable[[Trajectories, Any, Context], Policy]
Improve = Callable[[Any, Trajectories, Any, Context, Environment], Policy]


class _OfflineContext:
    """The context of the first phase: fewer steps, otherwise that of the run."""

    def __init__(self, context: Context, steps: int) -> None:
        self._context, self.steps = context, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def train_then_improve(
    offline: Offline,
    improve: Improve,
    load: Callable[[Path, str], Policy],
    data: Trajectories,
    config: Any,
    context: Context,
    *,
    offline_steps: int,
    environment_steps: int,
    num_envs: int,
    method: str,
) -> Policy:
    """Train a policy offline, then improve it in its environment. A stopped run resumes in the phase in which it was.

    Args:
        offline: the method's training without an environment.
        improve: takes the policy, as `load` reads it, to the end of `context.steps`. It resumes by `fit_online`.
        load: reads the policy that the offline training saved.
        data: the offline data.
        config: of the method.
        context: of the run.
        offline_steps: of its gradient steps, those before the first environment step.
        environment_steps: the budget of the environment.
        num_envs: episodes that run side by side.
        method: its name, for messages.

    Raises:
        DamagedFile: a checkpoint is damaged, or the policy that it goes on from is missing.
    """
    with (
        tempfile.TemporaryDirectory()
        if context.folder is None
        else nullcontext(context.folder) as place
    ):
        path = Path(place) / OFFLINE
        environment = Environment(
            context.task,
            data,
            budget=environment_steps,
            seed=context.seed,
            method=method,
            num_envs=num_envs,
        )
        try:
            if not in_second_phase(context):
                first = cast(Context, _OfflineContext(context, offline_steps))
                policy = offline(data, config, first)
                with replacing(path) as temporary:
                    policy.save(temporary)
            elif not path.exists():
                raise DamagedFile(
                    f"{path}, the policy before the first environment step, is missing; delete {place} to start this "
                    "run over"
                )
            return improve(load(path, context.device), data, config, context, environment)
        finally:
            environment.close()


def in_second_phase(context: Context) -> bool:
    """Return whether the last checkpoint of a run was written while it learned in the environment.

    Raises:
        DamagedFile: there are checkpoints, and each is damaged.
    """
    read = None if context.folder is None else checkpoints.read(context.folder)
    return read is not None and any(name.startswith(PREFIX) for name in read[1])


def fit_online(
    update: Update,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    policy: Policy,
    context: Context,
    environment: Environment,
    *,
    offline_steps: int,
    acting: Policy,
    target: Callable[[Sequence[Round]], float],
    learn_from: Callable[[Environment], None],
) -> None:
    """Take the updates from `offline_steps` to `context.steps`, in proportion to the environment steps taken. So after
    update s, (s - offline_steps) / (context.steps - offline_steps) of the budget is used, up to one round.

    A stopped run resumes from its checkpoint, which holds the collected episodes, and gives the same numbers.

    Args:
        update: as for `bench.methods.training.fit`; its numbers go on from those of the offline training.
        modules: the networks.
        optimisers: the optimisers of their parameters.
        policy: is what is learned, for snapshots.
        context: budget, seed and services of the run.
        environment: where episodes are collected.
        offline_steps: updates that were taken before.
        acting: collects, as the networks are at that moment: `policy`, perhaps with noise.
        target: returns the target return of the next round, from the rounds so far and nothing else.
        learn_from: is told of the episodes after each round, and when a run resumes.

    Raises:
        Diverged: the loss, a weight or an action is no longer finite.
        ValueError: the budget ends before the first episode does.
        Stopped: the run was asked to stop; its state is saved.
    """
    generator = context.generator("online batches")
    step, total, since = offline_steps, torch.zeros(()), 0
    saved = context.resume() if in_second_phase(context) else None
    if saved is not None:
        step, state = saved
        total, since = state["log/total"], int(state["log/since"])
        unpack(state, modules, optimisers, generator)
        environment.restore(state)
        learn_from(environment)
    every = max((context.steps - offline_steps) // LOG_LINES, 1)
    for module in modules.values():
        module.train()

    def state_now() -> dict[str, Tensor]:
        log = {"log/total": total, "log/since": torch.tensor(since)}
        return log | environment.state() | pack(modules, optimisers, generator)

    with stopping.deferred():
        while step < context.steps:
            if not environment.exhausted and step >= due(environment, offline_steps, context.steps):
                _check_finite(step, total, modules)
                try:
                    environment.collect(acting, target(environment.rounds))
                except NotFinite as error:
                    raise Diverged(step, "an action") from error
                learn_from(environment)
            else:
                step += 1
                total, since = total + update(step, generator).detach().cpu(), since + 1
                if step in context.snapshot_steps:
                    _check_finite(step, total, modules)
                    context.snapshot(step, policy)
                if (step - offline_steps) % every == 0 or step == context.steps:
                    context.log(step, loss=float(total) / since, **progress(environment))
                    total, since = torch.zeros(()), 0
            context.checkpoint(step, state_now)


def due(environment: Environment, offline_steps: int, steps: int) -> int:
    """Return the update after which the next round is due."""
    return offline_steps + (steps - offline_steps) * environment.taken // environment.budget


def progress(environment: Environment) -> dict[str, float]:
    """Return what a log line says of the environment: the steps taken, and the target and the mean return of the last
    round in which an episode ended.

    Raises:
        ValueError: no episode has ended.
    """
    ended = [each for each in environment.rounds if len(each.returns)]
    if not ended:
        raise ValueError(
            f"the budget of {environment.budget} environment steps ended before the first episode did: raise it, or "
            "run fewer episodes side by side"
        )
    return {
        "environment_steps": float(environment.taken),
        "target": ended[-1].target,
        "collected_return": float(np.mean(ended[-1].returns)),
    }


def _check_finite(step: int, total: Tensor, modules: Mapping[str, nn.Module]) -> None:
    if not math.isfinite(float(total)):
        raise Diverged(step, "loss")
    for module in modules.values():
        if not all(bool(torch.isfinite(each).all()) for each in module.parameters()):
            raise Diverged(step, "a weight")
