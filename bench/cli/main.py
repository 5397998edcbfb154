"""The command line `bench`: a command for every rule of the workflow, and some more.

Each command imports what it needs when it runs, so that `--help` is fast. The commands themselves are
imported inside `main`: they read the registries, and a bad file of a registry is an expected error too.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench.cli.parser import Parser, environment_module
from bench.core import working_folder
from bench.core.attempts import AttemptLog
from bench.core.printable import printable
from bench.core.stopping import OverTime, Stopped, status_of, stoppable
from bench.core.supervision import supervise

Arguments = argparse.Namespace
MORE_MEMORY = (
    "run fewer jobs at once, give the job more (`mem_mb` on a cluster), or choose a smaller batch or network; the same "
    "command continues from the last checkpoint"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Expected errors print one line and return 1. SIGINT (Ctrl-C) returns 130 and SIGTERM 143.

    Args:
        argv: the words of the command; None: those of this process. A command that runs the code of a method then
            works in a child process (`bench.core.supervision`).
    """
    try:
        arguments = _parser().parse_args(argv)
    except Exception as error:
        return _failed(error)
    with ExitStack() as stack:
        try:
            what = " ".join(["bench", *(sys.argv[1:] if argv is None else argv)])
            stack.enter_context(working_folder.joined(what))
        except OSError as error:  # a full disk, or a folder that cannot be written
            return _failed(error)
        if argv is None and getattr(arguments, "runs_methods", False):
            minutes = getattr(arguments, "time_limit", None)
            name = getattr(arguments, "attempts", None)
            attempts = AttemptLog(arguments.run / name) if name else None
            return supervise(lambda: _run(arguments), str(arguments.run), minutes, attempts)
        return _run(arguments)


def _run(arguments: Arguments) -> int:
    verb: Callable[[Arguments], None] = arguments.verb
    try:
        with stoppable(getattr(arguments, "time_limit", None)):
            verb(arguments)
    except (KeyboardInterrupt, Stopped) as stop:
        print(
            "stopped; finished work is kept, and the same command continues from here",
            file=sys.stderr,
        )
        return stop.status if isinstance(stop, Stopped) else status_of(signal.SIGINT)
    except OverTime as error:
        print(f"error: {arguments.run}: {_printable(error)}", file=sys.stderr)
        return 1
    except Exception as error:
        return _failed(error)
    return 0


def _failed(error: Exception) -> int:
    if isinstance(error, MemoryError):
        print(f"error: MemoryError: {_printable(error) or 'none is left'}", file=sys.stderr)
    elif _expected(error):
        print(f"error: {_printable(error)}", file=sys.stderr)
    else:
        raise error
    if _without_memory(error):
        print(f"  not enough memory: {MORE_MEMORY}", file=sys.stderr)
    return 1


def _without_memory(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, is that an allocation failed: in Python, in torch or on a GPU."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        if isinstance(error, RuntimeError) and re.search(r"(can't|out of).* memory", str(error)):
            return True
        error = error.__cause__
    return False


def _printable(error: object) -> str:
    """Return the message of an error. Only its first line begins at the margin."""
    return "\n  ".join(map(printable, str(error).split("\n")))


def _expected(error: Exception) -> bool:
    """Return whether the user can fix an error by its message; other errors keep their traceback."""
    from bench.core.files import DamagedFile, DiskFull, DownloadFailed
    from bench.methods.contract import BadMethod

    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return True  # a path that cannot be read or written; the message names it and the reason
    known = (ValueError, FileNotFoundError, ModuleNotFoundError, PermissionError, BlockingIOError)
    return isinstance(error, (*known, DamagedFile, DiskFull, DownloadFailed, BadMethod))


def _parser() -> argparse.ArgumentParser:
    from bench.cli import behaviours, data, records, reports, results, runs, site

    parser = Parser(
        prog="bench", description="Decision Transformer benchmark: the commands of the workflow."
    )
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        type=environment_module,
        metavar="MODULE",
        help="import this Python module, which registers environments of your own; can be given several times",
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    for family in (data, behaviours, runs, reports, site, records, results):
        family.add(verbs)
    return parser
