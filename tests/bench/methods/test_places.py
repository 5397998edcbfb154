"""Whose line an error came up in, by the files on its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bench.methods.places import explained, of_environment, place

METHOD, ENVIRONMENT = "/x/baselines/mine.py", "/x/bench/environments/vector.py"
OTHER, OF_DT = "/usr/lib/python/library.py", "/x/dt/atari/method.py"


def raised(files: Sequence[str], error: BaseException) -> BaseException:
    """Return an error that came up in the last of these files, called by the one before, and so on."""

    def fail() -> None:
        raise error

    call: Any = fail
    for index, file in enumerate(reversed(files)):
        scope: dict[str, Any] = {"call": call, "error": error}
        body = "raise error" if index == 0 else "call()"
        exec(compile(f"def run():\n    {body}", file, "exec"), scope)
        call = scope["run"]
    try:
        call()
    except type(error) as caught:
        return caught
    raise AssertionError


@pytest.mark.parametrize(
    ("files", "where", "environments"),
    [
        ([METHOD], "baselines/mine.py:2", False),
        ([METHOD, OTHER], "baselines/mine.py:2", False),
        ([OF_DT, OTHER, OTHER], "dt/atari/method.py:2", False),
        ([OTHER], "python/library.py:2", False),
        ([ENVIRONMENT, OTHER], "python/library.py:2", True),
        ([ENVIRONMENT], "environments/vector.py:2", True),
        ([METHOD, ENVIRONMENT], "baselines/mine.py:2", False),
    ],
    ids=str,
)
def test_the_place_of_an_error(files: list[str], where: str, environments: bool) -> None:
    error = raised(files, KeyError("x"))
    assert place(error) == where
    assert of_environment(error) == environments
    assert not explained(error)


def test_what_is_skipped_does_not_count() -> None:
    error = raised(["/x/a.py", "/x/b.py"], KeyError("x"))
    assert (place(error), place(error, skipped=1)) == ("x/b.py:2", "x/a.py:2")


@pytest.mark.parametrize(
    ("files", "error", "expected"),
    [
        ([OTHER, ENVIRONMENT], ValueError("x"), True),
        ([ENVIRONMENT], ModuleNotFoundError("x"), True),
        ([ENVIRONMENT], KeyError("x"), False),
        ([ENVIRONMENT, OTHER], ValueError("x"), False),
        ([METHOD, ENVIRONMENT], ValueError("x"), False),
    ],
)
def test_an_error_with_a_message_for_the_user(
    files: list[str], error: Exception, expected: bool
) -> None:
    assert explained(raised(files, error)) == expected
