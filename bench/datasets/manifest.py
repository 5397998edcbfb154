"""The entries of a manifest that other code reads, and a check of their form.

The digest of a manifest says that nobody changed it. It does not say who wrote it: a data set of somebody else can
name any file as an array. So only the arrays of `Trajectories` are opened, with the types and the shapes that they have
there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from bench.datasets.trajectories import ARRAYS, FINAL

TYPES = {  # array -> the types of its values
    "observations": ("float32", "uint8"),
    "actions": ("float32", "int64"),
    "rewards": ("float32",),
    "terminals": ("bool",),
    "timeouts": ("bool",),
    FINAL: ("float32", "uint8"),
}
SUMMARY = ("mean", "std", "min", "max")
TEXTS = ("task", "source", "environment", "meaning")


class BadManifest(ValueError):
    """An entry of a manifest cannot be used. The message has the entry and the reason only."""


def check_manifest(manifest: dict[str, Any]) -> None:
    """Check every entry that is read later. Other entries are allowed.

    Raises:
        BadManifest: an entry is missing or has another form.
    """
    for key, (fits, expected) in NEEDED.items():
        if key not in manifest or not fits(manifest[key]):
            raise BadManifest(f"its {key} is not {expected}")
    for key, (fits, expected) in OPTIONAL.items():
        if key in manifest and not fits(manifest[key]):
            raise BadManifest(f"its {key} is not {expected}")
    _arrays(manifest)
    steps, episodes, stack = (manifest.get(key, 1) for key in ("steps", "episodes", "stack"))
    arrays = manifest["arrays"]
    for name, array in arrays.items():
        rows = episodes if name == FINAL else steps
        flat = name in ("rewards", "terminals", "timeouts")
        shape = array["shape"]
        if shape[:1] != [rows] or (flat and len(shape) != 1) or len(shape) > 5:
            raise BadManifest(f"its {name} have shape {shape}, but there are {rows} rows")
    seen, taken = arrays["observations"]["shape"], arrays["actions"]["shape"]
    if len(seen) < 2 or len(taken) > 2 or arrays.get(FINAL, {}).get("shape", seen)[1:] != seen[1:]:
        raise BadManifest("the shapes of its observations and actions are not those of a data set")
    if stack > 1 and (len(seen) != 3 or arrays["observations"]["dtype"] != "uint8"):
        raise BadManifest("its stack is of frames, but its observations are none")
    entries = 1 if stack > 1 else math.prod(seen[1:])
    lengths = {"observation_mean": entries, "observation_std": entries, "action_range": 2}
    lengths |= dict.fromkeys(("returns", "lengths", "scores"), episodes)
    for key, length in lengths.items():
        if key in manifest and len(manifest[key]) != length:
            raise BadManifest(f"its {key} has {len(manifest[key])} values, expected {length}")


def _arrays(manifest: dict[str, Any]) -> None:
    arrays = manifest["arrays"]
    if unknown := [name for name in arrays if name not in TYPES]:
        raise BadManifest(
            f"it names the array {unknown[0][:80]!r}; known arrays: {', '.join(TYPES)}"
        )
    if missing := [name for name in ARRAYS if name not in arrays]:
        raise BadManifest(f"it has no array {missing[0]!r}")
    for name, array in arrays.items():
        fits = isinstance(array, dict) and (
            _numbers(array.get("shape"), _count)
            and array.get("dtype") in TYPES[name]
            and isinstance(array.get("sha256"), str)
            and re.fullmatch("[0-9a-f]{64}", array["sha256"])
        )
        if not fits:
            raise BadManifest(
                f"its array {name} needs a shape, a dtype of {' or '.join(TYPES[name])}, and a SHA-256"
            )


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 48


def _number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300


def _numbers(value: Any, each: Callable[[Any], bool] = _number) -> bool:
    return isinstance(value, list) and all(map(each, value))


def _summary(value: Any) -> bool:
    return isinstance(value, dict) and all(_number(value.get(key)) for key in SUMMARY)


def _parts(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, dict)
        and (
            "policy" not in part or (isinstance(part["policy"], str) and _count(part.get("steps")))
        )
        for part in value
    )


def _origin(value: Any) -> bool:
    """Return whether this is what a reader records of a source (`bench.datasets.readers.remarks`)."""
    if not isinstance(value, dict):
        return False
    left, bounds = value.get("left_out", {}), value.get("actions_rescaled_from", {})
    names = ("arrays_ignored", "arrays_not_used", "environment_remarks", "data_remarks")
    texts = [value.get(key, []) for key in names]
    return (
        isinstance(left, dict)
        and (not left or (_count(left.get("steps")) and _count(left.get("episodes"))))
        and _count(value.get("timeouts_counted_from_the_time_limit", 0))
        and all(isinstance(each, list) and all(isinstance(x, str) for x in each) for each in texts)
        and isinstance(bounds, dict)
        and (not bounds or (_numbers(bounds.get("low")) and _numbers(bounds.get("high"))))
    )


Rule = tuple[Callable[[Any], bool], str]
COUNT: Rule = (lambda value: _count(value) and value > 0, "a number above 0")
LIST: Rule = (_numbers, "a list of numbers")
SPREAD: Rule = (_summary, f"an object with {', '.join(SUMMARY)}")
NEEDED: dict[str, Rule] = {
    "arrays": (lambda value: isinstance(value, dict), "an object"),
    "episodes": COUNT,
    "steps": COUNT,
    "terminals": (_count, "a number"),
    "timeouts": (_count, "a number"),
    **dict.fromkeys(("action_range", "observation_mean", "observation_std"), LIST),
    "returns": LIST,
    "lengths": (lambda value: _numbers(value, _count), "a list of numbers of steps"),
    "return": SPREAD,
    "length": SPREAD,
}
OPTIONAL: dict[str, Rule] = {
    "stack": COUNT,
    "score": SPREAD,
    "scores": LIST,
    "parts": (_parts, "a list of objects, each with the steps of its policy"),
    "origin": (_origin, "what an import records"),
    **dict.fromkeys(TEXTS, (lambda value: isinstance(value, str), "a text")),
}
