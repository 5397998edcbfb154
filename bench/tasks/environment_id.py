"""Ids of environments with settings of their own.

A data set can name settings of its environment that differ from the registered ones. Such an environment is written
as its Gymnasium id, a space, and the settings as a JSON object:

    Hopper-v4 {"kwargs": {"forward_reward_weight": 10}, "max_episode_steps": 200}

This text is the environment everywhere: in the description of the task, in records and in seeds. So an environment
with other settings is never taken for the registered one.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

WORDS = re.compile(r"[A-Za-z0-9_ -]*")  # no path, no file name, no module
DEPTH = 4  # of lists and objects within each other; a maze is a list of lists
MOST = 10_000  # values of one argument
# the first or the last word of an argument that opens a window or a file
SHOWS = ("render", "renderer", "rendering", "gui", "viewer", "display", "human", "video")
OPENS_FIRST = (*SHOWS, "window", "record", "save", "log")
OPENS_LAST = (
    *SHOWS,
    *("file", "filename", "path", "dir", "directory", "folder", "log", "logger", "output"),
)
# arguments that decide how an environment is shown to people, not what happens in it
SHOWN = ("render_mode", "render_fps", "width", "height", "camera_id", "camera_name")


class BadSettings(ValueError):
    """The settings of an environment cannot be used. The message names the entry and says what to do."""


@dataclass(frozen=True)
class Settings:
    """What differs from the registered environment.

    Attributes:
        kwargs: arguments of the environment's class.
        max_episode_steps: the time limit of an episode; None: as registered.
        rescale_actions: whether a policy acts in [-1, 1], and its actions are mapped to the environment's bounds.
    """

    kwargs: dict[str, Any] = field(default_factory=dict)
    max_episode_steps: int | None = None
    rescale_actions: bool = False

    def __post_init__(self) -> None:
        """Check the types and the values.

        Raises:
            BadSettings: an entry is not as above, or an argument is not a plain value.
        """
        if not isinstance(self.kwargs, dict) or not all(isinstance(k, str) for k in self.kwargs):
            raise BadSettings(f"kwargs must be an object of named values, not {self.kwargs!r}")
        for name, value in self.kwargs.items():
            if not name.isidentifier():
                raise BadSettings(f"kwargs: {name!r} is not the name of an argument")
            if _count(value, f"kwargs.{name}", 0) > MOST:
                raise BadSettings(f"kwargs.{name} has more than {MOST:,} values")
            words = name.lower().strip("_").split("_")
            if words[0] in OPENS_FIRST or words[-1] in OPENS_LAST:
                raise BadSettings(
                    f"kwargs.{name} can open a window or a file, which a data set may not; remove it. `bench video` "
                    "shows what a policy does"
                )
        steps = self.max_episode_steps
        if steps is not None and (type(steps) is not int or steps < 1):
            raise BadSettings(f"max_episode_steps must be a whole number above 0, not {steps!r}")
        if type(self.rescale_actions) is not bool:
            raise BadSettings(
                f"rescale_actions must be true or false, not {self.rescale_actions!r}"
            )

    @property
    def entries(self) -> dict[str, Any]:
        """Return the entries that differ from the registered environment."""
        own = {
            "kwargs": self.kwargs,
            "max_episode_steps": self.max_episode_steps,
            "rescale_actions": self.rescale_actions,
        }
        return {name: value for name, value in own.items() if value}


def spell(gymnasium_id: str, settings: Settings) -> str:
    """Return the id of an environment with these settings; without settings, it is the Gymnasium id."""
    entries = settings.entries
    text = json.dumps(entries, sort_keys=True, allow_nan=False)
    return f"{gymnasium_id} {text}" if entries else gymnasium_id


def gymnasium_id(environment: str) -> str:
    """Return the Gymnasium id of an environment, which may begin with `MODULE:`."""
    return environment.partition(" ")[0]


def settings_of(environment: str) -> Settings:
    """Return the settings of an environment.

    Raises:
        BadSettings: the text after the Gymnasium id is not as above.
    """
    _, _, text = environment.partition(" ")
    if not text:
        return Settings()
    try:
        entries = json.loads(text)
        return Settings(**entries)
    except BadSettings as error:
        raise BadSettings(f"environment {environment!r}: {error}") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise BadSettings(
            f"environment {environment[:200]!r}: the text after the id must be a JSON object with kwargs, "
            "max_episode_steps or rescale_actions"
        ) from error


def _count(value: Any, place: str, depth: int) -> int:
    """Return the number of plain values in a value.

    Raises:
        BadSettings: it holds something else, such as a path.
    """
    if value is None or isinstance(value, bool | int):
        return 1
    if isinstance(value, float) and math.isfinite(value):
        return 1
    if isinstance(value, str) and WORDS.fullmatch(value):
        return 1
    if depth < DEPTH and isinstance(value, list | tuple):
        return 1 + sum(_count(each, place, depth + 1) for each in value)
    if depth < DEPTH and isinstance(value, dict):
        names = sum(_count(name, place, depth + 1) for name in value)
        return 1 + names + sum(_count(each, place, depth + 1) for each in value.values())
    raise BadSettings(
        f"{place} is {_short(value)}: settings of an environment may only hold finite numbers, true, false, null, "
        "words without dots or slashes, and lists of them. If you trust this value, register an environment of your "
        "own with it, and name that one with --environment MODULE:ID"
    )


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str | float) else type(value).__name__
    return text if len(text) <= 80 else f"{text[:80]}..."
