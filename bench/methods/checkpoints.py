"""The checkpoints of a run: two generations on disk, each with a digest of all that it holds.

The older generation is used if the newer one is damaged, or if the run was killed while it was written.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.core.files import DamagedFile, digest, intact, replacing

CHECKPOINT = "checkpoint.safetensors"
OLDER = "checkpoint.older.safetensors"

State = dict[str, Any]  # name -> torch tensor


def write(folder: Path, about: dict[str, Any], state: State) -> None:
    """Write a checkpoint. The last one becomes the older generation.

    Args:
        folder: of the run.
        about: values of JSON types.
        state: the training state, name -> torch tensor.

    Raises:
        DiskFull: the file system has no space left. One generation at least is kept.
    """
    from safetensors.torch import save_file

    state = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    content = json.loads(json.dumps(about | {"tensors": _digest_of(state)}))
    content["digest"] = digest(content)
    with replacing(folder / CHECKPOINT) as temporary:
        save_file(state, temporary, metadata={"about": json.dumps(content, sort_keys=True)})
        if (folder / CHECKPOINT).exists():
            (folder / CHECKPOINT).replace(folder / OLDER)


def read(folder: Path) -> tuple[dict[str, Any], State] | None:
    """Return the values and the state of the newest sound checkpoint; None if there is no checkpoint.

    Raises:
        DamagedFile: there are checkpoints, and each is damaged.
    """
    damaged: DamagedFile | None = None
    for name in (CHECKPOINT, OLDER):
        if not (folder / name).exists():
            continue
        try:
            found = _read(folder / name)
        except DamagedFile as error:
            damaged = damaged or error
            continue
        if damaged:
            print(f"{damaged}; the one before it is used", flush=True)
        return found
    if damaged:
        raise DamagedFile(f"{damaged}; delete it to start this run over") from damaged
    return None


def remove(folder: Path) -> None:
    """Delete the checkpoints of a run."""
    for name in (CHECKPOINT, OLDER):
        (folder / name).unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], State]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if not intact(about) or about["tensors"] != _digest_of(state):
            raise ValueError("its digest differs from its content")
    except (SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DamagedFile(f"checkpoint {path} is damaged ({error})") from error
    return about, state


def _digest_of(state: State) -> str:
    """Return the SHA-256 of names, types, shapes and bytes of tensors in main memory."""
    import torch

    found = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        found.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        found.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
