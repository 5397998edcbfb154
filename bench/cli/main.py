"""The command `bench`: a verb for every rule of the workflow. Thin; what a verb needs is imported
inside it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from bench.cli import behaviours, data, records, reports, runs

Arguments = argparse.Namespace


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb. Expected failures print one line and return 1; Ctrl-C returns 130."""
    arguments = _parser().parse_args(argv)
    verb: Callable[[Arguments], None] = arguments.verb
    try:
        verb(arguments)
    except KeyboardInterrupt:
        print(
            "stopped; nothing finished is lost: the same command goes on from here", file=sys.stderr
        )
        return 130
    except Exception as error:
        if not _expected(error):
            raise
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _expected(error: Exception) -> bool:
    """Return whether an error is the user's to mend and says how; others keep their traceback."""
    from bench.core.files import DamagedFile, DiskFull, DownloadFailed
    from bench.methods.contract import BadMethod

    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return True  # a path that cannot be read or written: the system names it and the reason
    known = (ValueError, FileNotFoundError, ModuleNotFoundError, PermissionError, BlockingIOError)
    return isinstance(error, (*known, DamagedFile, DiskFull, DownloadFailed, BadMethod))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench", description="Decision Transformer benchmark: the verbs of the workflow."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for family in (data, behaviours, runs, reports, records):
        family.add(verbs)
    return parser
