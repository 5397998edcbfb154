"""Arrays of one file that contradict each other, with the right shapes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.cli.main import main
from bench.core.files import read_json
from bench.datasets.build import from_arrays
from bench.datasets.readers.agreement import check_next, check_timeouts, note_types
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.d4rl import from_flat
from bench.datasets.readers.remarks import Remarks
from bench.tasks.registry import DOMAINS
from tests.helpers.cli import fails
from tests.helpers.d4rl import Arrays, arrays

HOPPER = DOMAINS["hopper"]
LENGTHS = [9, 12, 7, 11, 8, 13]


@pytest.fixture
def content() -> Arrays:
    """Six episodes; terminals and time-outs alternate."""
    return arrays(LENGTHS, "tototo")


def exchange(content: Arrays, one: str, other: str) -> None:
    content[one], content[other] = content[other], content[one]


def shift(content: Arrays, name: str, rows: int) -> None:
    content[name] = np.roll(content[name], rows, axis=0)


def shuffle(content: Arrays) -> None:
    order = np.random.default_rng(1).permutation(sum(LENGTHS))
    content |= {name: content[name][order] for name in ("observations", "next_observations")}


def forget(content: Arrays) -> None:
    """Leave only the first end and the last one."""
    content["terminals"][10:50] = content["timeouts"][10:50] = False


def copy(content: Arrays) -> None:
    content["next_observations"] = content["observations"].copy()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: exchange(c, "observations", "next_observations"),
            "in 5[0-9] of 54 steps .* Likely observations and next_observations are swapped",
        ),
        (copy, "of 54 steps .* Likely next_observations is a copy of observations"),
        (
            lambda c: shift(c, "next_observations", -1),
            "of 54 steps .* Likely next_observations is one row early",
        ),
        (shuffle, "of 54 steps .* Likely the rows are not in the order of time"),
        (
            lambda c: c.update(next_observations=np.zeros((60, 11))),
            "54 of 54 steps .* Likely the rows are not in the order of time",
        ),
        (
            lambda c: shift(c, "terminals", 1),
            "3 of 3 terminals are marked where the episode goes on, and it ends in the row before",
        ),
        (lambda c: shift(c, "terminals", -1), "3 of 3 terminals .* it ends in the row after"),
        (
            lambda c: shift(c, "timeouts", -1),
            "2 of 3 timeouts .* in the row after, .* Likely timeouts is shifted by one row",
        ),
        (
            lambda c: (shift(c, "terminals", 1), shift(c, "timeouts", 1)),
            "terminals are marked where the episode goes on, and it ends in the row before",
        ),
        (
            forget,
            "in 4 of 58 steps, first in row 20, .* Mark the last step of each episode",
        ),
    ],
    ids=[
        "swapped",
        "copy",
        "early",
        "shuffled",
        "zeros",
        "terminals-late",
        "terminals-early",
        "timeouts-early",
        "both-late",
        "not-marked",
    ],
)
def test_arrays_that_contradict_each_other(
    content: Arrays, change: Callable[[Arrays], object], message: str
) -> None:
    change(content)
    with pytest.raises(WrongData, match=f"^mine: .*{message}"):
        from_flat(content, HOPPER, "mine")


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("other", [np.float16, np.float32, np.float64])
def test_rounding_is_no_contradiction(content: Arrays, kind: type, other: type) -> None:
    exact = {
        key: content[key].astype(np.float64) / 3 for key in ("observations", "next_observations")
    }
    content["observations"] = exact["observations"].astype(kind)
    content["next_observations"] = exact["next_observations"].astype(other)
    remarks = Remarks()
    from_flat(content, HOPPER, "mine", remarks)
    assert not any("next observation" in line for line in remarks.data)


def test_a_few_steps_are_said_and_recorded(content: Arrays) -> None:
    content["next_observations"][[2, 30]] += 1
    remarks = Remarks()
    data = from_flat(content, HOPPER, "mine", remarks)
    assert data.episodes == 6
    line = next(line for line in remarks.lines() if "next observation" in line)
    assert line.startswith("warning: in 2 of 54 steps, first in row 2, the next observation is not")
    assert line.removeprefix("warning: ") in remarks.record()["data_remarks"]


@pytest.mark.parametrize("wrong", [7, 20])
def test_more_than_a_few_steps_are_refused(content: Arrays, wrong: int) -> None:
    content["next_observations"][1 : wrong * 2 : 2] += 1
    with pytest.raises(WrongData, match="leave next_observations out with --ignore"):
        from_flat(content, HOPPER, "mine")


def test_the_first_observation_of_the_next_episode_is_not_the_last_of_this(
    content: Arrays,
) -> None:
    content["next_observations"] = np.roll(content["observations"], -1, axis=0)
    remarks = Remarks()
    assert from_flat(content, HOPPER, "mine", remarks).final_observations is None
    assert any("the first observation of the next episode" in line for line in remarks.data)


def test_a_world_that_looks_the_same_everywhere_contradicts_nothing(content: Arrays) -> None:
    content |= dict.fromkeys(("observations", "next_observations"), np.ones((60, 11)))
    remarks = Remarks()
    assert from_flat(content, HOPPER, "mine", remarks).final_observations is not None


def test_without_next_observations_there_is_nothing_to_compare(content: Arrays) -> None:
    del content["next_observations"]
    ends = {name: content[name] for name in ("terminals", "timeouts")}
    check_next("mine", content, ends, marked=True, remarks=(remarks := Remarks()))
    assert remarks == Remarks()


def test_time_outs_before_the_time_limit() -> None:
    """Of Hopper, whose limit is 1,000 steps."""
    remarks = Remarks()
    content = arrays([1000, 30, 40, 1000], "ttoo")
    from_flat(content, HOPPER, "mine", remarks)
    assert remarks.data == []  # one of two
    exchange(content, "terminals", "timeouts")
    content["timeouts"][1069], content["terminals"][1069] = True, False
    data = from_flat(content, HOPPER, "mine", Remarks())
    check_timeouts(data, HOPPER, remarks)
    said = remarks.lines()[0]
    assert said.startswith(
        "warning: 2 of 3 time-outs end an episode before the time limit of Hopper-v4"
    )
    assert "Perhaps terminals and time-outs are swapped" in said


def test_numbers_of_few_digits_are_noted() -> None:
    kinds = (np.float16, np.float32, np.float64, np.uint8)
    remarks = Remarks()
    content = {np.dtype(kind).name: np.zeros(3, dtype=kind) for kind in kinds}
    note_types(content | {"again": np.zeros(3, dtype=np.float16)}, remarks)
    assert remarks.data == [
        "float16, again: float16 keeps about 3 digits; they are stored as float32"
    ]


def test_the_command(
    content: Arrays,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["data", "import", "--file", "my.npz", "--task", "hopper-mine"]
    command += ["--environment", "Hopper-v4"]
    np.savez("my.npz", **content)
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "warning: 3 of 3 time-outs end an episode before the time limit" in said
    origin = read_json(Path("data/imported/hopper-mine/manifest.json"))["origin"]
    assert origin["data_remarks"][0] in said
    assert main(["data", "describe", "data/imported/hopper-mine"]) == 0
    assert "warning 1" in capsys.readouterr().out
    exchange(content, "observations", "next_observations")
    np.savez("my.npz", **content)
    assert "observations and next_observations are swapped" in fails(capsys, *command)


def test_whole_data_are_not_early() -> None:
    """A task whose only end is a terminal has no time-outs to speak of."""
    steps = np.arange(20)
    data = from_arrays(
        np.zeros((20, 11)), np.zeros((20, 3)), np.ones(20), steps % 10 == 9, steps < 0
    )
    check_timeouts(data, HOPPER, remarks := Remarks())
    assert remarks.data == []
