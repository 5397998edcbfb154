"""The command line `bench`: a command for every rule of the workflow, and some more.

Each command imports what it needs when it runs, so that `--help` is fast. The commands themselves are
imported inside `main`: they read the registries, and a bad file of a registry is an expected error too.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import click

from bench.cli.parser import COMPLETION, Arguments, Verb, Verbs, problem
from bench.cli.values import MODULE
from bench.core import working_folder
from bench.core.attempts import AttemptLog
from bench.core.printable import printable
from bench.core.stopping import OverTime, Stopped, status_of, stoppable
from bench.core.supervision import supervise

BROKEN_PIPE = 128 + signal.SIGPIPE
MORE_MEMORY = (
    "run fewer jobs at once, give the job more (`mem_mb` on a cluster), or choose a smaller batch or network; the same "
    "command continues from the last checkpoint"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its status.

    Expected errors print one line and return 1. SIGINT (Ctrl-C) returns 130 and SIGTERM 143. If nobody reads the
    output any more, as in `bench ... | head`, the command ends quietly with 141.

    Args:
        argv: the words of the command; None: those of this process. A command that runs the code of a method then
            works in a child process (`bench.core.supervision`).

    Raises:
        SystemExit: wrong usage, with status 2.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(
            errors="replace"
        )  # where the locale has no dash, a table has a question mark
    status = 0
    try:
        status = _call(words, of_process=argv is None)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except BrokenPipeError:
        return _unread()
    except OSError as error:
        from bench.core.files import full_disk

        if not full_disk(error):
            raise
        if not status:  # else the error was told already
            print(f"error: {_printable(error)}", file=sys.stderr)
        _unread()
        return 1


def _unread() -> int:
    """Let the rest of the output go nowhere, so that nothing fails again when Python closes it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE


def _call(words: list[str], *, of_process: bool) -> int:
    try:
        program = commands()
        if of_process and (asked := os.environ.get(COMPLETION)):
            from click.shell_completion import shell_complete

            return shell_complete(program, {}, "bench", COMPLETION, asked)
        what = " ".join(["bench", *words])
        with program.make_context(
            "bench", words, obj=partial(_start, what=what, of_process=of_process)
        ) as context:
            status: int = program.invoke(context)
            return status
    except click.exceptions.Exit as done:  # --help, --version
        return done.exit_code
    except click.UsageError as error:
        context_of_error = error.ctx
        if context_of_error is not None:
            print(context_of_error.get_usage(), file=sys.stderr)
        path = "bench" if context_of_error is None else context_of_error.command_path
        print(
            f"{path}: error: {_sentence(_printable(problem(error)))} `{path} --help` explains the command",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    except BrokenPipeError:
        raise
    except Exception as error:
        return _failed(error)


def _sentence(text: str) -> str:
    """Return a text that another one can follow: a question stands alone, anything else ends in a semicolon."""
    return text if text.endswith("?") else f"{text.rstrip('.')};"


def _start(verb: Verb, arguments: Arguments, what: str, of_process: bool) -> int:
    """Run a command, in a child process if it runs code of a method.

    Args:
        verb: the command.
        arguments: the values of its options.
        what: its words, for messages.
        of_process: whether it is the command of this process.
    """
    with ExitStack() as stack:
        stack.enter_context(working_folder.joined(what))
        if of_process and verb.runs_methods:
            minutes = getattr(arguments, "time_limit", None)
            attempts = AttemptLog(arguments.run / verb.attempts) if verb.attempts else None
            return supervise(lambda: _run(verb, arguments), str(arguments.run), minutes, attempts)
        return _run(verb, arguments)


def _run(verb: Verb, arguments: Arguments) -> int:
    work: Callable[[Arguments], int | None] | None = verb.callback
    assert work is not None
    try:
        with stoppable(getattr(arguments, "time_limit", None)):
            return work(arguments) or 0
    except (KeyboardInterrupt, Stopped) as stop:
        print(
            "stopped; finished work is kept, and the same command continues from here",
            file=sys.stderr,
        )
        return stop.status if isinstance(stop, Stopped) else status_of(signal.SIGINT)
    except OverTime as error:
        print(f"error: {arguments.run}: {_printable(error)}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        raise
    except Exception as error:
        return _failed(error)


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
    from bench.core.files import DamagedFile, DiskFull, DownloadFailed, full_disk
    from bench.methods.contract import BadMethod

    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return True  # a path that cannot be read or written; the message names it and the reason
    if isinstance(error, OSError) and full_disk(error):
        return True  # of the output of the command
    known = (ValueError, FileNotFoundError, ModuleNotFoundError, PermissionError, BlockingIOError)
    return isinstance(error, (*known, DamagedFile, DiskFull, DownloadFailed, BadMethod))


def commands() -> Verbs:
    """Return the command `bench` with all its commands."""
    from bench.cli import (
        behaviours,
        data,
        exports,
        pipeline,
        planning,
        records,
        reports,
        results,
        runs,
        setup,
        site,
    )

    families = (
        pipeline,
        results,
        planning,
        data,
        behaviours,
        runs,
        reports,
        site,
        records,
        exports,
        setup,
    )
    program = Verbs(
        "bench",
        "Decision Transformer benchmark: the commands of the workflow",
        commands=[one for family in families for one in family.COMMANDS],
        params=[
            click.Option(
                ["--import", "modules"],
                type=MODULE,
                multiple=True,
                expose_value=False,
                metavar="MODULE",
                help="Import this Python module, which registers environments of your own. Can be given several times.",
            ),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Print the version and exit.",
            ),
        ],
        examples=(
            "bench run all_mujoco --cores 2",
            "bench status --scale quick",
            "bench data describe data/generated/hopper-medium/100000-0",
        ),
    )
    return program


def _print_version(context: click.Context, param: click.Parameter, asked: Any) -> None:
    if not asked or context.resilient_parsing:
        return
    print(f"bench {version()}")
    context.exit()


def version() -> str:
    """Return the version of this checkout, or of the installed package."""
    import tomllib
    from importlib import metadata

    from bench.core.code import ROOT

    if (file := ROOT / "pyproject.toml").is_file():
        text: str = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"]
        return text
    return metadata.version("decision-transformer-benchmark")
