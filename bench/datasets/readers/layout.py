"""Which array of a file is what: known names, and other spellings of the ends of episodes.

Every array of a file is read, or is known to hold no transitions, or is refused. An array that nobody reads could be
the one that marks the ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.npy import Header
from bench.datasets.readers.checks import WrongData, flags
from bench.datasets.readers.remarks import Remarks
from bench.datasets.readers.spaces import Spaces, fit_shapes

Bools = NDArray[np.bool_]

# what an array means -> its names. D4RL's name is the first
NAMES: dict[str, tuple[str, ...]] = {
    "observations": ("observations",),
    "actions": ("actions",),
    "rewards": ("rewards",),
    "terminals": ("terminals", "terminations", "terminated", "terminal", "is_terminal"),
    "timeouts": ("timeouts", "truncations", "truncated", "timeout", "truncation"),
    "ends": ("dones", "done", "episode_terminals", "is_last", "ends"),  # of either kind
    "next_observations": ("next_observations",),
}
FLAGS = ("terminals", "timeouts", "ends")
VECTORS = ("rewards", *FLAGS)  # one number for each step; the other arrays have a row
UNUSED = ("infos/", "metadata/")  # D4RL's groups of other facts than transitions
MINARI = (
    "observations",
    "actions",
    "rewards",
    "terminations",
    "truncations",
)  # of an episode there
NEEDED = ("observations", "actions", "rewards", "terminals")


@dataclass(frozen=True)
class Layout:
    """The arrays of a file that are read.

    Attributes:
        names: what an array means -> its name in the file.
    """

    names: dict[str, str]

    def renamed(self, arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return what an array means -> the array."""
        return {meaning: arrays[name] for meaning, name in self.names.items()}


def layout_of(
    name: str, there: Mapping[str, Any], ignore: Sequence[str], remarks: Remarks
) -> Layout:
    """Return which arrays of a file are read.

    Args:
        name: the file, at the start of every message.
        there: name -> anything, for every array of the file.
        ignore: names of arrays that the user leaves out.
        remarks: gets the names of arrays that are not read.

    Raises:
        WrongData: a needed array is missing, an array is unknown, or two arrays mean the same.
    """
    if unknown := [key for key in ignore if key not in there]:
        raise WrongData(
            f"{name} has no array {unknown[0]!r} to ignore. The file has: {', '.join(there)}"
        )
    rest = [key for key in there if key not in ignore]
    found: dict[str, str] = {}
    for meaning, names in NAMES.items():
        here = [key for key in names if key in rest]
        if len(here) > 1:
            raise WrongData(
                f"{name} has both {' and '.join(here)}, which mean the same; leave one out with --ignore {here[-1]}"
            )
        found |= dict.fromkeys([meaning], *here) if here else {}
    if "terminals" not in found and {"timeouts", "ends"} <= found.keys():
        needed = [meaning for meaning in NEEDED if meaning != "terminals"]
    else:
        needed = list(NEEDED)
    if missing := [meaning for meaning in needed if meaning not in found]:
        raise WrongData(_missing(name, missing, found, there))
    _refuse_others(name, [key for key in rest if key not in found.values()], remarks)
    remarks.ignored = list(ignore)
    return Layout(found)


def check_shapes(name: str, layout: Layout, there: Mapping[str, Header], spaces: Spaces) -> None:
    """Check the shapes of the arrays that are read, before they are in memory.

    Raises:
        WrongData: the arrays do not fit each other or the environment.
    """
    shapes = {meaning: there[key] for meaning, key in layout.names.items()}
    scalars = (*VECTORS, "actions") if spaces.discrete else VECTORS
    rows = {
        meaning: Header(header.shape[:1], header.dtype)
        if meaning in scalars and header.shape[1:] == (1,)
        else header
        for meaning, header in shapes.items()
    }
    steps = rows["rewards"].shape
    if len(steps) != 1:
        raise WrongData(f"{name}: rewards has shape {steps}, expected a number for each step")
    for meaning, header in rows.items():
        if (header.shape if meaning in VECTORS else header.shape[:1]) != steps:
            raise WrongData(
                f"{name}: {layout.names[meaning]} has shape {header.shape}, but there are {steps[0]:,} rewards; "
                f"expected {'a number' if meaning in VECTORS else 'a row'} for each"
            )
        if header.dtype.kind not in "biuf":
            raise WrongData(
                f"{name}: {layout.names[meaning]} holds {header.dtype}, not real numbers"
            )
    fit_shapes(name, spaces, rows["observations"], rows["actions"])
    following = rows.get("next_observations", rows["observations"])
    if following.shape != rows["observations"].shape:
        raise WrongData(
            f"{name}: next_observations has shape {following.shape}, observations {rows['observations'].shape}"
        )


def ends_of(name: str, arrays: Mapping[str, NDArray[Any]]) -> tuple[Bools, Bools | None]:
    """Return the terminals and the time-outs, (N,) each; None: the file does not mark time-outs. A step with both flags
    is a terminal.

    Raises:
        WrongData: a flag is not 0 or 1, or two arrays disagree.
    """
    given = {
        meaning: flags(name, meaning, arrays[meaning]) for meaning in FLAGS if meaning in arrays
    }
    ends = given.get("ends")
    if ends is None:
        timeouts = given.get("timeouts")
        return given["terminals"], None if timeouts is None else timeouts & ~given["terminals"]
    marked = np.zeros_like(ends)
    for meaning in ("terminals", "timeouts"):
        marked |= given.get(meaning, False)
    complete = "terminals" in given and "timeouts" in given
    wrong = np.flatnonzero((marked != ends) if complete else (marked & ~ends))
    if len(wrong):
        raise WrongData(
            f"{name}: the array of ends says that row {wrong[0]} {'ends' if ends[wrong[0]] else 'does not end'} an "
            "episode, but terminals and time-outs say otherwise; leave the wrong array out with --ignore"
        )
    if "terminals" in given:
        return given["terminals"], ends & ~given["terminals"]
    return ends & ~given["timeouts"], given["timeouts"]


def _missing(name: str, missing: list[str], found: dict[str, str], there: Mapping[str, Any]) -> str:
    advice = f"Give {', '.join(NEEDED)}, and `timeouts` and `next_observations` if you have them"
    if missing == ["terminals"] and ({"ends", "timeouts"} & found.keys()):
        key = found.get("ends") or found["timeouts"]
        advice = (
            f"{key} does not say which episodes terminated. Save `terminals` (the environment ended the episode) "
            "too; all zeros if none did"
        )
    elif groups := [key for key in missing if any(name.startswith(f"{key}/") for name in there)]:
        advice = f"{groups[0]} is a group, expected an array"
    elif {f"episode_0/{key}" for key in MINARI} <= there.keys():
        advice = "It is a file of a Minari data set: give the id of the set, like mujoco/hopper/medium-v0"
    elif grouped := [
        key for key in there if "/" in key and key.rpartition("/")[2] in _known_names()
    ]:
        group = grouped[0].rpartition("/")[0]
        advice = (
            f"Its arrays are in groups, like {group}. Write each array of all episodes, one after the other, at the "
            "top of the file"
        )
    listed = list(there)
    rest = f" and {len(listed) - 20} more" if len(listed) > 20 else ""
    return f"{name} has no {', '.join(missing)}. {advice}. The file has: {', '.join(listed[:20])}{rest}"


def _known_names() -> set[str]:
    return {name for names in NAMES.values() for name in names}


def _refuse_others(name: str, others: list[str], remarks: Remarks) -> None:
    """Refuse unknown arrays. Note the arrays that are known to hold no transitions."""
    spellings = {spelling for meaning in FLAGS for spelling in NAMES[meaning]}
    unused = [
        key for key in others if key.startswith(UNUSED) and key.rpartition("/")[2] not in spellings
    ]
    if unknown := [key for key in others if key not in unused]:
        options = " ".join(f"--ignore {key}" for key in unknown[:5])
        listed = ", ".join(unknown[:10]) + " ..." * (len(unknown) > 10)
        raise WrongData(
            f"{name} holds arrays of unknown meaning: {listed}. One of them could mark the ends of episodes. If they "
            f"do not matter, leave them out: {options}"
        )
    remarks.unused = sorted(unused)
