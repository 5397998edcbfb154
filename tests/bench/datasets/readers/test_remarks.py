"""What a reader leaves out is counted, said and recorded; most of the data is not left out."""

from __future__ import annotations

import pytest

from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.remarks import Remarks


@pytest.mark.parametrize(
    ("steps", "episodes"), [((0, 100), (0, 10)), ((50, 100), (1, 10)), ((3, 100), (5, 10))]
)
def test_a_half_may_be_left_out(steps: tuple[int, int], episodes: tuple[int, int]) -> None:
    remarks = Remarks()
    remarks.leave_out("mine", *steps, *episodes)
    assert remarks.record()["left_out"] == {"steps": steps[0], "episodes": episodes[0]}
    assert bool(remarks.lines()) == (steps[0] > 0)


@pytest.mark.parametrize(
    ("steps", "episodes"), [((49_900, 50_000), (1, 2)), ((51, 100), (1, 10)), ((3, 100), (6, 10))]
)
def test_most_of_the_data_is_not_left_out(
    steps: tuple[int, int], episodes: tuple[int, int]
) -> None:
    with pytest.raises(
        WrongData, match=rf"^mine: {steps[0]:,} of {steps[1]:,} steps .*Mark the last"
    ):
        Remarks().leave_out("mine", *steps, *episodes)


def test_everything_is_said_and_recorded() -> None:
    remarks = Remarks(
        timeouts_counted=3,
        unused=[f"infos/{n}" for n in range(10)],
        ignored=["mask"],
        action_bounds=([-2.0], [2.0]),
        environment=["the data name Hopper-v4"],
    )
    lines = "\n".join(remarks.lines())
    for part in ("3 were counted", "and 2 more", "mask", "from -2 to 2", "the data name Hopper-v4"):
        assert part in lines
    assert set(remarks.record()) == {
        "left_out",
        "timeouts_counted_from_the_time_limit",
        "arrays_not_used",
        "arrays_ignored",
        "actions_rescaled_from",
        "environment_remarks",
    }
    assert Remarks().lines() == []
