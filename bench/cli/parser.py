"""Parts of the command line that all commands share."""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from typing import Any, NoReturn

from bench.runs.identity import LARGEST


class Parser(argparse.ArgumentParser):
    """Parses a command; an error names the help of this command."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with 2."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: error: {message}; `{self.prog} --help` explains the command\n")


def command(commands: Any, name: str, text: str) -> Any:
    """Add a command with this text to the list of commands, and as the first line of the command's own help."""
    return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")


def positive(text: str) -> int:
    """Return the value of an option as a whole number above 0.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    return _whole(text, 1, "a whole number above 0")


def not_negative(text: str) -> int:
    """Return the value of an option as a whole number, 0 or above.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    return _whole(text, 0, "a whole number, 0 or above")


def _whole(text: str, low: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 400 and int(text) >= low):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not {what}")
    if int(text) > LARGEST:
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is too large; the largest is {LARGEST}")
    return int(text)


def fraction(text: str) -> float:
    """Return the value of an option as a number above 0, 1 at most.

    Raises:
        ArgumentTypeError: the text is not such a number.
    """
    return _between(text, 0, 1, "a number above 0, and 1 at most")


def minutes(text: str) -> float:
    """Return the value of an option as a time in minutes, a year at most.

    Raises:
        ArgumentTypeError: the text is not such a time.
    """
    return _between(text, 0, 366 * 24 * 60, "a number of minutes above 0, a year at most")


def _between(text: str, low: float, high: float, what: str) -> float:
    with contextlib.suppress(ValueError):
        if low < (value := float(text)) <= high:
            return value
    raise argparse.ArgumentTypeError(f"{text!r} is not {what}")


def device(text: str) -> str:
    """Return the value of an option as the name of a torch device.

    Raises:
        ArgumentTypeError: the text is not such a name.
    """
    if not re.fullmatch(r"cpu|cuda(:[0-9]+)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not cpu, cuda or cuda:N")
    return text


def environment_module(text: str) -> str:
    """Return the value of an option as the name of a Python module, and let this process import it for its
    environments.

    Raises:
        ArgumentTypeError: the text is not such a name.
    """
    from bench.environments.modules import allow

    try:
        allow(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def json_object(text: str) -> dict[str, Any]:
    """Return the value of an option as a JSON object.

    Raises:
        ArgumentTypeError: the text is something else.
    """
    try:
        value = json.loads(text, parse_constant=_not_finite)
    except (ValueError, RecursionError) as error:
        raise argparse.ArgumentTypeError(f"{text[:200]!r} is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a JSON object, such as '{{\"width\": 64}}'"
        )
    return value


def _not_finite(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")
