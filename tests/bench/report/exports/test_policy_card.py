"""The model card: the score of the record, and no score without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.report.exports.policy_card import card
from tests.conftest import RECORD
from tests.helpers.records import RUN, Write

FACTS = {
    "task": "hopper-medium",
    "environment": "Hopper-v4",
    "context_length": 20,
    "return_scale": 1000.0,
    "target_return": 3600.0,
    "discrete_actions": False,
}
TRAINING = {
    "config": {"batch_size": 64, "width": 32},
    "source": "generated",
    "steps": 1300,
    "policy": "f0",
}


@pytest.mark.parametrize(
    ("discrete", "words"), [(False, "the action, in [-1, 1]"), (True, "logits of the actions")]
)
def test_what_it_says_by_hand(discrete: bool, words: str, tmp_path: Path) -> None:
    text = card(tmp_path, RUN, TRAINING, FACTS | {"discrete_actions": discrete})
    assert "# Decision Transformer, hopper-medium" in text
    assert (
        "| data | hopper-medium, 100 % of the episodes, rewards dense, source generated |" in text
    )
    assert "| training | 1,300 updates of 64 windows |" in text
    assert "| target return | 3600, raw; returns-to-go are divided by 1000 |" in text
    assert f"| output | {words} |" in text
    assert '"width": 32' in text


def test_the_score_is_that_of_the_record(write_record: Write, tmp_path: Path) -> None:
    run = write_record(RUN).parent
    returns = RECORD["evaluations"][0]["returns"]
    score = 100 * (sum(returns) / 3 + 20.272305) / 3254.572305
    expected = (
        f"| score | {score:.1f} normalised, mean return 30.0 of 3 episodes; one training seed |"
    )
    assert expected in card(run, RUN, TRAINING, FACTS)
    assert "| score | not evaluated |" in card(tmp_path, RUN, TRAINING, FACTS)


def test_markup_in_the_name_of_a_method_is_text(tmp_path: Path) -> None:
    assert "method &lt;b>mine, seed 0" in card(
        tmp_path, replace(RUN, method="<b>mine"), TRAINING, FACTS
    )
