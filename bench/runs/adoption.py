"""Hand valid results to Snakemake, so that it does not make them again, and mark the others, so that it does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from bench.core.code import ROOT
from bench.core.working_folder import live_holders
from bench.runs.validity import Verdict

OLD = 86400.0  # a time before that of any data set
COMMAND_BYTES = 200_000  # of file names in one command; systems allow two million
SET_ASIDE = "manifest.invalid.json"

PLAIN = """
import sys
from snakemake.cli import main
main(sys.argv[1:])
"""
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


def adopt(found: Iterable[Verdict], configfiles: Sequence[Path]) -> None:
    """Hand what is valid to Snakemake, with the current code and settings as its origin. What exists and is not valid
    gets a time before that of its inputs, and Snakemake forgets it, so that the next start makes it again. A data set
    that is not valid and can be made again loses the name of its manifest. Imported data are the user's: Snakemake has
    no rule for them, and nothing is done with them.

    Args:
        found: the verdicts of a config.
        configfiles: the files of the config, as Snakemake takes them; none: config/config.yaml alone.

    Raises:
        NotAdopted: a pipeline works in this folder, or Snakemake fails.
    """
    if others := live_holders(Path()):
        raise NotAdopted(
            f"{others[0]} works in this folder; nothing was changed. Wait until it ends, then adopt"
        )
    found = list(found)
    made = [one for one in found if one.exists and not imported(one)]
    for names in _portions([str(one.path) for one in made if one.reason is None]):
        _touch(names, configfiles)
    invalid = [one for one in made if one.reason is not None]
    for names in _portions([str(one.path) for one in invalid]):
        # otherwise the checksums of inputs, which it keeps, count more than times
        _snakemake("--cleanup-metadata", *names, configfiles=configfiles)
    for one in invalid:
        if one.kind == "data":
            one.path.rename(one.path.with_name(SET_ASIDE))
        else:
            os.utime(one.path, (OLD, OLD))


def imported(one: Verdict) -> bool:
    """Return whether it is about a data set that the user imported, which no rule can make."""
    return one.kind == "data" and one.path.parts[1] == "imported"


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


def _touch(names: list[str], configfiles: Sequence[Path]) -> None:
    words = [*names, "--touch", "--force", "--cores", "1"]
    _snakemake(*words, configfiles=configfiles, program=TOUCH)


def _snakemake(*words: str, configfiles: Sequence[Path], program: str = PLAIN) -> None:
    command = [sys.executable, "-c", program, *words, "--snakefile", str(ROOT / "Snakefile")]
    command += ["--configfile", *map(str, configfiles)] if configfiles else []
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise NotAdopted(f"Snakemake did not take the results over:\n{last}")
