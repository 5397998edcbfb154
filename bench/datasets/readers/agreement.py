"""Whether the arrays of a file agree with each other, where they say the same thing twice.

Within an episode, the next observation of a step is the observation of the step after it. Arrays that are swapped,
shifted or of different steps break this rule, and have the right shapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.remarks import Remarks
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain

Bools = NDArray[np.bool_]
FEW = 0.1  # the share of steps that may disagree
BLOCK = 1 << 14  # rows that are compared together


def check_next(
    name: str,
    arrays: Mapping[str, NDArray[Any]],
    ends: Mapping[str, Bools],
    *,
    marked: bool,
    remarks: Remarks,
) -> None:
    """Compare the next observation of each step with the observation of the next row, within episodes.

    Args:
        name: the data, at the start of every message.
        arrays: `observations` and, if the file has them, `next_observations`, (N, *obs) each.
        ends: `terminals` and `timeouts`, (N,) each.
        marked: whether the file marks time-outs.
        remarks: gets the number of steps that disagree, if they are few, and whether `next_observations` hold the
            first observation of the next episode at the ends.

    Raises:
        WrongData: more than a few steps disagree, or the ends seem to be shifted. The message says what is likely. If
            time-outs are not marked, a single step that disagrees is an end that is not known.
    """
    if "next_observations" not in arrays or len(arrays["observations"]) < 2:
        return
    seen, following = arrays["observations"], arrays["next_observations"]
    same = _same_rows(following[:-1], seen[1:])
    if not (ended := ends["terminals"] | ends["timeouts"]).any():
        return  # `from_arrays` refuses data in which no episode ends
    inside = ~ended[:-1]
    jumps = inside & ~same
    wrong, steps = int(jumps.sum()), int(inside.sum())
    if 2 * wrong > steps:
        raise WrongData(
            f"{name}: in {wrong:,} of {steps:,} steps within episodes, the next observation is not the observation of "
            f"the next row. {_likely(seen, following, inside)}"
        )
    _refuse_shifted(name, ends, same, jumps)
    _note_first_observations(same, inside, seen, marked, remarks)
    if not wrong:
        return
    first = int(jumps.argmax())
    if not marked:
        raise WrongData(
            f"{name}: the next observation of row {first} is not the observation of row {first + 1} (so in "
            f"{wrong:,} rows), but no end is marked there, and the file has no time-outs. Save `timeouts`"
        )
    where = (
        f"in {wrong:,} of {steps:,} steps, first in row {first}, the next observation is not the observation of the "
        "next row, but no end of an episode is marked there"
    )
    if wrong > FEW * steps or wrong > len(same) + 1 - steps:
        raise WrongData(
            f"{name}: {where}. Mark the last step of each episode, or leave next_observations out with "
            "--ignore next_observations if they are wrong"
        )
    remarks.data.append(where)


def check_timeouts(data: Trajectories, domain: Domain, remarks: Remarks) -> None:
    """Note that most time-outs end an episode before the time limit, as if terminals and time-outs were swapped.

    Args:
        data: the whole episodes, whose source marks time-outs.
        domain: gives the time limit.
        remarks: gets the note.
    """
    timed_out = np.asarray(data.timeouts)[data.episode_starts[1:] - 1]
    early = int((data.lengths[timed_out] < domain.horizon).sum())
    if 2 * early <= timed_out.sum():
        return
    remarks.data.append(
        f"{early:,} of {int(timed_out.sum()):,} time-outs end an episode before the time limit of "
        f"{domain.environment}, {domain.horizon:,} steps. Perhaps terminals and time-outs are swapped: a terminal is "
        "an end that the environment decides"
    )


def note_types(arrays: Mapping[str, NDArray[Any]], remarks: Remarks) -> None:
    """Note arrays whose numbers have fewer digits than the data set has."""
    short = [key for key, a in arrays.items() if a.dtype.kind == "f" and a.dtype.itemsize < 4]
    if short:
        remarks.data.append(
            f"{', '.join(short)}: float16 keeps about 3 digits; they are stored as float32"
        )


def _likely(seen: NDArray[Any], following: NDArray[Any], inside: Bools) -> str:
    """Return what is likely wrong with two arrays that do not agree."""

    def most(one: NDArray[Any], other: NDArray[Any], where: Bools) -> bool:
        return bool(2 * (_same_rows(one, other) & where).sum() > where.sum())

    if most(seen[:-1], following[1:], inside):
        return "Likely observations and next_observations are swapped: exchange the two"
    if most(seen, following, np.append(inside, False)):
        return "Likely next_observations is a copy of observations: save the observation after each action"
    if len(seen) > 2 and most(following[:-2], seen[2:], inside[:-1] & inside[1:]):
        return "Likely next_observations is one row early: shift it by one row"
    return (
        "Likely the rows are not in the order of time, or the two arrays are of different steps. Save the steps of an "
        "episode one after the other, or leave next_observations out with --ignore next_observations"
    )


def _refuse_shifted(name: str, ends: Mapping[str, Bools], same: Bools, jumps: Bools) -> None:
    """Refuse ends in which the episode goes on, if it ends in the row before or after."""
    for flag, values in ends.items():
        rows = np.flatnonzero(values[:-1])
        for step, place in ((-1, "before"), (1, "after")):
            near = rows + step
            there = (near >= 0) & (near < len(jumps))
            shifted = int((same[rows[there]] & jumps[near[there]]).sum())
            if 2 * shifted > len(rows):
                raise WrongData(
                    f"{name}: {shifted:,} of {len(rows):,} {flag} are marked where the episode goes on, and it ends in "
                    f"the row {place}, as next_observations show. Likely {flag} is shifted by one row: shift it back"
                )


def _note_first_observations(
    same: Bools, inside: Bools, seen: NDArray[Any], marked: bool, remarks: Remarks
) -> None:
    """Note that the next observation of every end is the first observation of the next episode."""
    ends = int((~inside).sum())
    if not marked or ends < 2 or not same.all() or _same_rows(seen[:-1], seen[1:]).all():
        return
    remarks.no_final_observations = True
    remarks.data.append(
        f"at all of {ends:,} ends, next_observations hold the first observation of the next episode; the observation "
        "after the last action is taken as unknown"
    )


def _same_rows(one: NDArray[Any], other: NDArray[Any]) -> Bools:
    """Return whether rows are equal, (N,), up to the rounding of their types. Values that are not finite are refused
    elsewhere, so they count as equal.
    """
    rounding = max(4 * _eps([one.dtype, other.dtype]), 1e-5)
    result = np.ones(len(one), dtype=np.bool_)
    for start in range(0, len(one), BLOCK):
        rows = slice(start, start + BLOCK)
        first, second = (np.asarray(each[rows], dtype=np.float64) for each in (one, other))
        close = np.isclose(first, second, rtol=rounding, atol=rounding / 10)
        close |= ~np.isfinite(first) | ~np.isfinite(second)
        result[rows] = close.reshape(len(close), -1).all(axis=1)
    return result


def _eps(types: Iterable[np.dtype[Any]]) -> float:
    return max((float(np.finfo(each).eps) for each in types if each.kind == "f"), default=0.0)
