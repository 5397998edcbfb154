"""dt/cpu/active.py by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dt.cpu.active import still_active


@pytest.mark.parametrize(
    ("active", "finished", "at_least", "expected"),
    [
        ([0, 1, 2, 3], [], 2, [0, 1, 2, 3]),
        ([0, 1, 2, 3], [2], 2, [0, 1, 3]),
        ([0, 1, 3], [0, 3], 2, [0, 1]),  # a finished one stays: two at least
        ([0, 1], [1], 2, [0, 1]),
        ([0, 1, 2, 3], [0, 1, 2, 3], 2, [0, 1]),
        ([0, 1, 2, 3], [0, 2, 3], 3, [0, 1, 2]),
        ([0, 1, 2, 3], [0, 2, 3], 1, [1]),
        ([0, 1, 2, 3], [3], 9, [0, 1, 2, 3]),  # there are no more than four
    ],
)
def test_by_hand(
    active: list[int], finished: list[int], at_least: int, expected: list[int]
) -> None:
    found = still_active(torch.tensor(active), np.array(finished, dtype=np.int64), 4, at_least)
    assert found.tolist() == expected
