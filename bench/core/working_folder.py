"""Who works in the folder of a workflow, and the lock that Snakemake leaves there when it is killed.

Snakemake locks its files in `.snakemake/locks`, without the name of the process. After SIGKILL or a power cut the lock
stays, and the next start ends in a LockException. Here each Snakemake, and each command that it starts, holds a file
of its own in `.snakemake/holders` (`bench.core.holding`). If no live process holds one, the lock is removed.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from bench.core.holding import Holder, holder_of, holding, release, take, this_machine

VARIABLE = "BENCH_WORKING_FOLDER"  # names the folder to the commands of a workflow
HOLDERS = Path(".snakemake", "holders")
LOCKS = Path(".snakemake", "locks")
SNAKEMAKE = "snakemake"


class InUse(Exception):
    """Live processes of an earlier Snakemake work in this folder. The message names them and says what to do."""


def join(folder: Path) -> None:
    """Hold a file in the folder of a workflow as Snakemake, until this process ends, and name the folder to the
    commands that it starts.
    """
    path = _own(folder)
    file = take(path, SNAKEMAKE)
    atexit.register(release, path, file)
    os.environ[VARIABLE] = json.dumps({"folder": str(folder.absolute()), **this_machine()})


@contextmanager
def joined(what: str) -> Iterator[None]:
    """Hold a file in the folder of the workflow that started this process, in this context.

    It has no effect outside a workflow, and for a workflow on another machine: a cluster knows its own jobs.
    """
    try:
        named = json.loads(os.environ.get(VARIABLE, ""))
        folder = Path(named.pop("folder"))
    except (ValueError, KeyError, AttributeError, TypeError):
        yield
        return
    if named != this_machine() or not folder.is_dir():
        yield
        return
    with holding(_own(folder), what if len(what) <= 120 else f"{what[:119]}…"):
        yield


def unlock_if_abandoned(folder: Path) -> bool:
    """Remove Snakemake's lock of a folder if the processes that held it are dead. Returns whether it was removed.

    A lock stays if nothing says whose it was, or if another live process holds the folder.

    Raises:
        InUse: Snakemake is dead, but commands that it started still run.
    """
    files = [path for path in (folder / HOLDERS).glob("*") if path != _own(folder)]
    alive = {path: holder for path in files if (holder := holder_of(path)) is not None}
    dead = [path for path in files if path not in alive]
    locked = _is_locked(folder)
    if locked and alive:
        if not any(holder.what == SNAKEMAKE for holder in alive.values()):
            raise InUse(_orphans(list(alive.values())))
        return False  # Snakemake itself decides whether the two want the same files
    if abandoned := locked and bool(dead):
        shutil.rmtree(folder / LOCKS, ignore_errors=True)
    for path in dead:
        path.unlink(missing_ok=True)
    return abandoned


def live_holders(folder: Path) -> list[Holder]:
    """Return the other live processes that work in a folder: Snakemake, and the commands that it started."""
    files = [path for path in (folder / HOLDERS).glob("*") if path != _own(folder)]
    return [holder for path in files if (holder := holder_of(path)) is not None]


def forget(folder: Path) -> None:
    """Remove the files of all other holders, as `snakemake --unlock` removes the lock."""
    for path in (folder / HOLDERS).glob("*"):
        if path != _own(folder):
            path.unlink(missing_ok=True)


def _own(folder: Path) -> Path:
    return folder / HOLDERS / _name()


@cache
def _name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"  # process ids repeat between containers


def _is_locked(folder: Path) -> bool:
    return any((folder / LOCKS).glob("*.lock"))


def _orphans(holders: list[Holder]) -> str:
    named = "; ".join(str(holder) for holder in holders[:5])
    more = f"; and {len(holders) - 5} more" if len(holders) > 5 else ""
    # `kill 0` would end the caller
    numbers = " ".join(str(holder.pid) for holder in holders if holder.pid)
    stop = f", or stop them with `kill {numbers}`: they save within five seconds" if numbers else ""
    return (
        f"an earlier Snakemake was killed, but {len(holders)} of its commands still run: {named}{more}. "
        f"Wait until they end{stop}. Then start again"
    )
