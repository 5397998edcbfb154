"""Hand valid results to Snakemake, so that it does not make them again, and mark the others, so that it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.core.code import ROOT
from bench.core.working_folder import live_holders
from bench.runs.validity import Verdict

OLD = 86400.0  # a time before that of any data set
COMMAND_BYTES = 200_000  # of file names in one command; systems allow two million
SET_ASIDE = "manifest.invalid.json"

# Snakemake's --touch waits a tenth of a second for each job, so that times differ also on file systems that keep whole
# seconds. Where a file system keeps fractions, a hundredth is enough
TOUCH = """
import sys
from snakemake.executors import touch
touch.Executor.SLEEPING_TIME = 0.01
from snakemake.cli import main
main(sys.argv[1:])
"""


class NotAdopted(ValueError):
    """The results were not taken over. The message names the process that is in the way, or has the last lines of
    Snakemake.
    """


def adopt(found: Iterable[Verdict], configfile: Path | None) -> None:
    """Hand what is valid to Snakemake, with the current code and settings as its origin. What exists and is not valid
    gets a time before that of its inputs, so that the next start makes it again. A data set that is not valid and can
    be made again loses the name of its manifest.

    Args:
        found: the verdicts of a config.
        configfile: the file of the config; None: config/config.yaml alone.

    Raises:
        NotAdopted: a pipeline works in this folder, or Snakemake fails.
    """
    if others := live_holders(Path()):
        raise NotAdopted(
            f"{others[0]} works in this folder; nothing was changed. Wait until it ends, then adopt"
        )
    found = list(found)
    for names in _portions([str(one.path) for one in found if one.reason is None]):
        _touch(names, configfile)
    for one in found:
        if one.reason is None or not one.exists:
            continue
        if one.kind == "data" and one.path.parts[1] != "imported":
            one.path.rename(one.path.with_name(SET_ASIDE))
        elif one.kind != "data":
            os.utime(one.path, (OLD, OLD))


def _portions(names: list[str]) -> Iterator[list[str]]:
    portion: list[str] = []
    size = 0
    for name in names:
        if portion and size + len(name) > COMMAND_BYTES:
            yield portion
            portion, size = [], 0
        portion.append(name)
        size += len(name) + 1
    if portion:
        yield portion


def _touch(names: list[str], configfile: Path | None) -> None:
    command = [sys.executable, "-c", TOUCH, *names, "--touch", "--force", "--cores", "1"]
    command += ["--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", str(configfile)] if configfile else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise NotAdopted(f"Snakemake did not take the results over:\n{last}")
