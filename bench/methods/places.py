"""Where an error came up: in the code of a method, or in an environment in which its policy acts."""

from __future__ import annotations

import traceback
from pathlib import Path


class EnvironmentFailed(ValueError):
    """The code of an environment failed, not that of a method. The message names the line."""


def place(error: BaseException, skipped: int = 0) -> str:
    """Return the file and the line of a method's code at which an error came up; without such a line, those of the
    innermost code.

    Args:
        error: the error.
        skipped: the number of innermost frames that are not the method's.
    """
    frames = _frames(error)
    frames = frames[: len(frames) - skipped]
    own = [frame for frame in frames if _in_method(frame)] or frames
    return spelled(own[-1].filename, own[-1].lineno)


def spelled(file: str, line: int | None) -> str:
    """Return a file with its folder, and a line."""
    folders = Path(file).parts[-3:-1]  # dt has subfolders
    return (
        f"{'/'.join(folders if folders[:1] == ('dt',) else folders[-1:])}/{Path(file).name}:{line}"
    )


def of_environment(error: BaseException) -> bool:
    """Return whether an error came up in an environment that this suite made or stepped, and no method was on the
    way.
    """
    frames = _frames(error)
    return any(map(_in_environments, frames)) and not any(map(_in_method, frames))


def explained(error: BaseException) -> bool:
    """Return whether `bench.environments` itself raised an error of an environment, with a message for the user."""
    if not (of_environment(error) and isinstance(error, (ValueError, ImportError))):
        return False
    return _in_environments(_frames(error)[-1])


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    return list(traceback.extract_tb(error.__traceback__))


def _in_method(frame: traceback.FrameSummary) -> bool:
    return bool({"baselines", "dt"} & {*Path(frame.filename).parts[-3:-1]})


def _in_environments(frame: traceback.FrameSummary) -> bool:
    return Path(frame.filename).parts[-3:-1] == ("bench", "environments")
