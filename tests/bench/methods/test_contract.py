"""What the actions of a policy must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.methods.contract import BadMethod, Diverged, check_actions


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, list])
def test_usable_actions_become_float32(kind: Any) -> None:
    rows = [[0, 1], [-1, 0]]
    actions = check_actions(rows if kind is list else np.array(rows, dtype=kind), (2, 2), "mine")
    assert actions.dtype == np.float32
    np.testing.assert_array_equal(actions, rows)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (
            np.zeros((2, 3)),
            r"shape \(2, 3\), expected \(2, 2\) \(envs, action size\)",
        ),
        (np.zeros(4), r"shape \(4,\)"),
        ([[0, np.nan], [0, 0]], "not a finite number"),
        ([[0, 0], [-np.inf, 0]], "not a finite number"),
        ([["a", "b"], ["c", "d"]], "not a finite number"),
        ([[None, 0], [0, 0]], "not a finite number"),
        ([[True, False], [False, True]], "not a finite number"),
    ],
    ids=["wide", "flat", "nan", "inf", "text", "none", "bool"],
)
def test_unusable_actions_are_refused_by_name(actions: Any, message: str) -> None:
    with pytest.raises(BadMethod, match=f"method mine: act returned .*{message}"):
        check_actions(actions, (2, 2), "mine")


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_whole_numbers_of_any_type_are_taken(dtype: Any) -> None:
    actions = check_actions(np.array([0, 3], dtype), (2,), "mine", n_actions=4)
    assert (actions.dtype, actions.tolist()) == (np.int64, [0, 3])


def test_vectors_are_checked_as_they_were() -> None:
    """As float32, also beyond the range: the environment's space clips them."""
    actions = check_actions(np.array([[2, -7]]), (1, 2), "mine")
    assert (actions.dtype, actions.tolist()) == (np.float32, [[2, -7]])


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([4, 0], "int64 0 to 4, expected whole numbers 0 to 3"),
        ([-1, 0], "int64 -1 to 0, expected whole numbers 0 to 3"),
        ([1.0, 2.0], "float64 1 to 2, expected whole numbers 0 to 3"),
    ],
)
def test_discrete_actions_that_there_are_not(actions: Any, message: str) -> None:
    with pytest.raises(BadMethod, match=f"^method mine: act returned {message}"):
        check_actions(actions, (2,), "mine", n_actions=4)


def test_a_divergence_names_its_step_and_number() -> None:
    error = Diverged(7, "loss")
    assert (error.step, str(error)) == (7, "loss is not finite at step 7")
