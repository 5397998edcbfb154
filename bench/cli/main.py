"""The command line `bench`: a command for every rule of the workflow, and some more.

Each command imports what it needs when it runs, so that `--help` is fast. The commands themselves are
imported inside `main`: they read the registries, and a bad file of a registry is an expected error too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from bench.cli.parser import Parser, environment_module

Arguments = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Expected errors print one line and return 1; Ctrl-C returns 130."""
    try:
        arguments = _parser().parse_args(argv)
        verb: Callable[[Arguments], None] = arguments.verb
        verb(arguments)
    except KeyboardInterrupt:
        print(
            "stopped; finished work is kept, and the same command continues from here",
            file=sys.stderr,
        )
        return 130
    except Exception as error:
        if not _expected(error):
            raise
        print(f"error: {_printable(str(error))}", file=sys.stderr)
        return 1
    return 0


def _printable(text: str) -> str:
    """Return a text without control characters. A name in a file could move the cursor of a terminal."""
    return "".join(
        character if character.isprintable() or character == "\n" else repr(character)[1:-1]
        for character in text
    )


def _expected(error: Exception) -> bool:
    """Return whether the user can fix an error by its message; other errors keep their traceback."""
    from bench.core.files import DamagedFile, DiskFull, DownloadFailed
    from bench.methods.contract import BadMethod

    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return True  # a path that cannot be read or written; the message names it and the reason
    known = (ValueError, FileNotFoundError, ModuleNotFoundError, PermissionError, BlockingIOError)
    return isinstance(error, (*known, DamagedFile, DiskFull, DownloadFailed, BadMethod))


def _parser() -> argparse.ArgumentParser:
    from bench.cli import behaviours, data, records, reports, runs

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
    for family in (data, behaviours, runs, reports, records):
        family.add(verbs)
    return parser
