"""The policy of a run: from a method's `train`, which may fail in any way, to a file with finite numbers."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from bench.core.files import replacing, sha256
from bench.datasets.trajectories import Trajectories
from bench.methods.context import SNAPSHOTS, Context
from bench.methods.contract import BadMethod, Diverged
from bench.methods.loader import Method, blaming, check_policy, line_of

POLICY = "policy.safetensors"
JOIN_SECONDS = 1.0  # for threads of a method to end after its training


def learn(method: Method, data: Trajectories, config: Any, context: Context) -> int | None:
    """Train a policy and write it into the folder of the context.

    A divergence is an outcome. The policy is then the last snapshot that is known to be finite. A method that takes no
    snapshots has none; then the policy at the end counts, with 0 for each number that is not finite.

    Returns:
        The step at which the training diverged; None if it did not.

    Raises:
        BadMethod: the code of the method fails, or its result is not a policy that can be saved, or it diverged and
            there is no policy at all.
        DamagedFile: a checkpoint or a snapshot is damaged.
    """
    folder = context.folder
    assert folder is not None
    path, policy = folder / POLICY, None
    try:
        policy = _trained(method, data, config, context)
        context.check_snapshots()
        with replacing(path) as temporary:
            _save(policy, method, temporary)
            if not finite(temporary):
                raise Diverged(context.steps, "policy")
    except Diverged as divergence:
        context.check_snapshots()
        known_finite = int(context.losses[-1]["step"]) if context.losses else 0
        sound = discard_unsound(folder / SNAPSHOTS, known_finite)
        context.snapshots = {file.name: sha256(file) for file in sound}
        if sound:
            print(f"diverged: {divergence}; scored as it was at step {int(sound[-1].stem)}")
            with replacing(path) as temporary:
                shutil.copyfile(sound[-1], temporary)
        elif policy is not None:
            print(f"diverged: {divergence}; scored with 0 for what is not finite in its policy")
            with replacing(path) as temporary:
                _save(policy, method, temporary)
                _without_gaps(temporary)
        else:
            raise BadMethod(
                f"method {method.name}: {line_of(method.train)}: {divergence}, and there is no policy to score; "
                "`context.snapshot(0, policy)` before the first update keeps one"
            ) from divergence
        return divergence.step
    return None


def _trained(method: Method, data: Trajectories, config: Any, context: Context) -> Any:
    """Return the result of `train`, if it is a policy.

    Raises:
        BadMethod: the code of the method fails, its result is not a policy, or a thread of it still runs.
    """
    before = set(threading.enumerate())
    with blaming(method.name):
        policy = method.train(data, config, context)
    check_policy(policy, method.train, method.name)
    for thread in set(threading.enumerate()) - before:
        thread.join(0 if thread.daemon else JOIN_SECONDS)
        if thread.is_alive() and not thread.daemon:
            raise BadMethod(
                f"method {method.name}: {line_of(method.train)}: train left a thread running ({thread.name}), which "
                "could still change the policy; end it before train returns"
            )
    return policy


def _save(policy: Any, method: Method, path: Path) -> None:
    """Save a policy.

    Raises:
        BadMethod: `save` fails, or writes something else than one safetensors file.
    """
    place = f"method {method.name}: {line_of(type(policy).save)}: save"
    with blaming(method.name):
        policy.save(path)
    if not path.is_file() or path.stat().st_size == 0:
        raise BadMethod(f"{place} wrote nothing to the file that it was given")
    try:
        load_file(path)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise BadMethod(
            f"{place} wrote no safetensors file ({error}); bench.methods.policy_file.write_tensors writes one"
        ) from error


def finite(policy: Path) -> bool:
    """Return whether every number in a policy's file is finite."""
    return all(np.isfinite(array).all() for array in load_file(policy).values())


def _without_gaps(policy: Path) -> None:
    """Put 0 for each number of a policy's file that is not finite."""
    from safetensors import safe_open

    with safe_open(policy, framework="np") as file:
        about = file.metadata()
    arrays = {
        name: np.where(np.isfinite(array), array, 0).astype(array.dtype)
        for name, array in load_file(policy).items()
    }
    save_file(arrays, policy, metadata=about)


def discard_unsound(folder: Path, known_finite: int) -> list[Path]:
    """Delete snapshots from after step `known_finite`, or with a value that is not finite.

    Returns:
        The others, oldest first.
    """
    sound = []
    for path in sorted(folder.glob("*.safetensors")):
        if int(path.stem) <= known_finite and finite(path):
            sound.append(path)
        else:
            path.unlink()
    return sound
