"""The first difference of two records, and how near two logs of losses are."""

from __future__ import annotations

from typing import Any

import pytest

from bench.runs.compare import compare_losses, first_difference

OLD: dict[str, Any] = {
    "config": {"width": 8, "rate": 0.5},
    "evaluations": [{"returns": [1.0, 2.0]}],
    "hashes": {"data": "d", "code": {"a": "1"}, "evaluation_code": {}, "policy": "p"},
    "digest": "1",
    "training": {"steps": 4, "losses": [{"loss": 1.0}], "data_folder": "a/b/c"},
}


def test_equal_records_have_no_difference() -> None:
    assert first_difference(OLD, OLD) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"digest": "2"}, None),
        ({"hashes": OLD["hashes"] | {"code": {}, "evaluation_code": {"b": "1"}}}, None),
        ({"training": OLD["training"] | {"data_folder": "elsewhere"}}, None),
        ({"machine": {"training": {}}}, None),
        ({"config": {"width": 9, "rate": 0.1}}, "config.width: 8 in the record, 9 here"),
        ({"config": {"width": 8.0, "rate": 0.5}}, "config.width: 8 in the record, 8.0 here"),
        ({"config": {"width": 8}}, "config.rate: 0.5 in the record, nothing here"),
        ({"config": OLD["config"] | {"new": 1}}, "config.new: nothing in the record, 1 here"),
        ({"evaluations": []}, "evaluations.0: {'returns': [1.0, 2.0]} in the record, nothing here"),
        (
            {"evaluations": [{"returns": [1.0, 2.5]}]},
            "evaluations.0.returns.1: 2.0 in the record, 2.5 here",
        ),
        ({"more": 1}, "more: nothing in the record, 1 here"),
        (
            {
                "hashes": OLD["hashes"] | {"policy": "q"},
                "training": OLD["training"] | {"losses": [{"loss": 2.0}]},
                "evaluations": [],
            },
            "training.losses.0.loss: 1.0 in the record, 2.0 here",
        ),
        (
            {"hashes": OLD["hashes"] | {"data": "e"}, "config": {}},
            "hashes.data: 'd' in the record, 'e' here",
        ),
    ],
)
def test_the_first_difference(change: dict[str, Any], words: str | None) -> None:
    assert first_difference(OLD, OLD | change) == words


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (1, True), (1, 1.0), (None, "None")])
def test_what_has_other_bytes_in_a_file_differs(one: Any, other: Any) -> None:
    assert first_difference({"a": one}, {"a": other}) == f"a: {one!r} in the record, {other!r} here"


def log(*losses: float) -> list[dict[str, float]]:
    return [{"step": step, "loss": loss} for step, loss in enumerate(losses)]


@pytest.mark.parametrize(
    ("old", "new", "agree", "words"),
    [
        (
            log(1, 2, 3),
            log(1, 2, 3),
            True,
            "the first losses agree within 1 % (lines compared: 3, largest",
        ),
        (log(1, 2, 3, 4), log(1.008, 2, 3, 40), True, "difference 0.79 %"),
        (log(-1.0), log(-1.005), True, "lines compared: 1"),
        (
            log(1, 2, 3),
            log(1, 2, 3.05),
            False,
            "training.losses.2.loss: 3 in the record, 3.05 here",
        ),
        (log(1.0), log(-1.0), False, "training.losses.0.loss: 1 in the record, -1 here"),
        (log(0.0), log(0.0), True, "largest difference 0 %"),
        ([], [], True, "there are no losses to compare"),
        (log(1.0), [], False, "only one of the two has losses"),
        (log(1, 2, 3), log(1, 2), False, "the first 3 lines of losses: 3 in the record, 2 here"),
        (log(1), log(1, 2), False, "the first 3 lines of losses: 1 in the record, 2 here"),
        (log(1.0), [{"step": 0}], False, "training.losses.0.loss is missing in the losses here"),
    ],
)
def test_early_losses(
    old: list[dict[str, float]], new: list[dict[str, float]], agree: bool, words: str
) -> None:
    found, text = compare_losses(old, new)
    assert found is agree
    assert words in text
