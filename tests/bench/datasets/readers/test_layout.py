"""Every array of a file is read, or known to hold no transitions, or refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.d4rl import from_flat
from bench.datasets.readers.layout import NAMES, ends_of, layout_of
from bench.datasets.readers.remarks import Remarks
from bench.tasks.registry import DOMAINS

HOPPER = DOMAINS["hopper"]
STEPS = 40


def flat(**ends: Any) -> dict[str, Any]:
    """Return four episodes of ten steps, with these arrays of ends."""
    random = np.random.default_rng(0)
    return {
        "observations": random.normal(size=(STEPS, 11)),
        "actions": random.uniform(-1, 1, (STEPS, 3)),
        "rewards": np.ones(STEPS),
        **ends,
    }


def marks(*rows: int) -> Any:
    return np.isin(np.arange(STEPS), rows)


TERMINALS, TIMEOUTS = marks(9, 29), marks(19, 39)
BOTH = TERMINALS | TIMEOUTS


@pytest.mark.parametrize("terminals", NAMES["terminals"])
@pytest.mark.parametrize("timeouts", NAMES["timeouts"])
def test_every_spelling_of_the_ends(terminals: str, timeouts: str) -> None:
    data = from_flat(flat(**{terminals: TERMINALS, timeouts: TIMEOUTS}), HOPPER, "mine")
    assert data.lengths.tolist() == [10] * 4
    assert np.flatnonzero(data.terminals).tolist() == [9, 29]
    assert np.flatnonzero(data.timeouts).tolist() == [19, 39]


@pytest.mark.parametrize("ends", NAMES["ends"])
@pytest.mark.parametrize("other", ["terminals", "timeouts", "both"])
def test_ends_of_either_kind_beside_one_kind(ends: str, other: str) -> None:
    given = {"terminals": TERMINALS, "timeouts": TIMEOUTS}
    beside = given if other == "both" else {other: given[other]}
    data = from_flat(flat(**beside, **{ends: BOTH}), HOPPER, "mine")
    assert np.flatnonzero(data.terminals).tolist() == [9, 29]
    assert np.flatnonzero(data.timeouts).tolist() == [19, 39]


@pytest.mark.parametrize("ends", NAMES["ends"])
def test_ends_alone_do_not_say_which_episodes_terminated(ends: str) -> None:
    with pytest.raises(
        WrongData, match=rf"mine has no terminals\. {ends} does not say which.* too; all"
    ):
        from_flat(flat(**{ends: BOTH}), HOPPER, "mine")


def test_time_outs_alone_do_not_say_either() -> None:
    with pytest.raises(WrongData, match=r"truncated does not say .*all zeros if none did"):
        from_flat(flat(truncated=BOTH), HOPPER, "mine")


@pytest.mark.parametrize(
    "ends", [{"terminals": marks(9), "dones": marks(19)}, {"timeouts": BOTH, "dones": TERMINALS}]
)
def test_ends_that_contradict_each_other_are_refused(ends: dict[str, Any]) -> None:
    with pytest.raises(WrongData, match=r"^mine: the array of ends says that row .*--ignore"):
        from_flat(flat(**ends), HOPPER, "mine")


def test_two_spellings_of_the_same_are_refused() -> None:
    with pytest.raises(WrongData, match="both terminals and terminated, which mean the same"):
        from_flat(flat(terminals=TERMINALS, terminated=TERMINALS), HOPPER, "mine")


@pytest.mark.parametrize(
    "name",
    [
        "truncation_flags",
        "Timeouts",
        "masks",
        "dones_float",
        "episode_ids",
        "infos/timeouts",
        "qpos",
    ],
)
def test_an_unknown_array_is_refused_and_can_be_ignored(name: str) -> None:
    given = flat(terminals=TERMINALS, timeouts=TIMEOUTS) | {name: BOTH}
    with pytest.raises(WrongData, match=rf"unknown meaning: {name}\. .*--ignore {name}$"):
        from_flat(given, HOPPER, "mine")
    remarks = Remarks()
    layout = layout_of("mine", given, [name], remarks)
    assert name not in layout.names.values()
    assert remarks.record()["arrays_ignored"] == [name]


def test_an_array_to_ignore_must_be_there() -> None:
    with pytest.raises(WrongData, match=r"has no array 'mask' to ignore\. The file has: obs"):
        layout_of("mine", flat(terminals=BOTH), ["mask"], Remarks())


def test_infos_of_d4rl_are_known_and_named() -> None:
    remarks, given = Remarks(), flat(terminals=BOTH)
    layout_of("mine", given | {"infos/qpos": 0, "metadata/algorithm": 0}, [], remarks)
    assert remarks.record()["arrays_not_used"] == ["infos/qpos", "metadata/algorithm"]


def test_time_outs_that_are_all_zeros_are_not_guessed() -> None:
    """They were: 200 episodes of ten steps became two of a thousand."""
    zeros = np.zeros(STEPS)
    for name in NAMES["timeouts"]:
        with pytest.raises(WrongData, match="no episode ends"):
            from_flat(flat(terminals=zeros, **{name: zeros}), HOPPER, "mine")


def test_a_file_without_time_outs_says_none() -> None:
    terminals, timeouts = ends_of("mine", {"terminals": TERMINALS})
    assert (terminals.tolist(), timeouts) == (TERMINALS.tolist(), None)


@pytest.mark.parametrize(
    ("ends", "advice"),
    [
        (("terminations", "truncations"), "It is a file of a Minari data set: give the id"),
        (("terminals", "timeouts"), "Its arrays are in groups, like episode_0. Write each array"),
    ],
)
def test_a_file_with_a_group_for_each_episode(ends: tuple[str, ...], advice: str) -> None:
    names = [f"episode_0/{name}" for name in ("observations", "actions", "rewards", *ends)]
    with pytest.raises(WrongData, match=rf"^mine has no observations, .*{advice}"):
        layout_of("mine", dict.fromkeys(names), (), Remarks())


def test_a_file_without_groups_is_not_said_to_have_any() -> None:
    arrays = flat(terminals=BOTH)
    arrays["obs"] = arrays.pop("observations")
    with pytest.raises(WrongData, match=r"^mine has no observations\. Give observations, actions"):
        from_flat(arrays, HOPPER, "mine")


def test_the_name_of_the_data_stands_once_in_a_message() -> None:
    arrays = flat(terminals=np.arange(STEPS) % 10 == 9)
    arrays["rewards"][7] = np.nan
    with pytest.raises(
        WrongData, match=r"^mine: rewards hold a value that is not finite, first in"
    ):
        from_flat(arrays, HOPPER, "mine")
