"""What the public interface refuses: other data, other settings, and names that mean nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench import api
from bench.methods.contract import BadMethod
from tests.bench.test_api import SMALL, cartpole, here

__all__ = ["here"]  # a fixture


def test_another_task_of_the_same_name_is_refused(here: Path) -> None:
    first = {"environment": "CartPole-v1", "reference": (20, 500)}
    api.import_arrays("cartpole-mine", cartpole(), **first)
    same = api.import_arrays("cartpole-mine", cartpole(), **first)
    assert same.task.domain.reference_max == 500
    for arrays, other in ((cartpole(), (0, 500)), (cartpole(rewards=np.zeros(5)), (20, 500))):
        with pytest.raises(ValueError, match="another task cartpole-mine already"):
            api.import_arrays("cartpole-mine", arrays, environment="CartPole-v1", reference=other)
    assert api.load_dataset("cartpole-mine").task.domain.reference_min == 20
    replaced = api.import_arrays(
        "cartpole-mine", cartpole(), environment="CartPole-v1", reference=(0, 500), replace=True
    )
    assert replaced.task.domain.reference_min == 0


def test_a_run_keeps_its_settings(here: Path) -> None:
    """Its record would stand beside another policy otherwise."""
    run = api.train("hopper-medium", "bc", steps=2, options=SMALL)
    api.evaluate(run, episodes=1)
    assert api.train("hopper-medium", "bc", steps=2, options=SMALL) == run
    for changes, words in (
        ({"options": SMALL | {"width": 8}}, "was trained with width 16, not 8"),
        ({"steps": 3}, "was trained with steps 2, not 3"),
    ):
        with pytest.raises(ValueError, match=words):
            api.train("hopper-medium", "bc", **({"steps": 2, "options": SMALL} | changes))
    other = api.train("hopper-medium", "bc", steps=3, options=SMALL, name="bc-3")
    assert other != run
    assert len(api.load_records("results/own")) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("td3bc", "give its module, 'td3_bc', with these options: .*\"actor_learning_rate\""),
        ("bc25", "give its module, 'percent_bc', with these options: .*\"top_percent\": 25"),
        ("percent_bcc", "did you mean 'percent_bc'"),
        ("no_such", "unknown method 'no_such': there is no baselines/no_such.py"),
    ],
)
def test_a_name_that_is_no_module_says_which_one_is_meant(
    name: str, words: str, here: Path
) -> None:
    with pytest.raises(BadMethod, match=words):
        api.train("hopper-medium", name, steps=1)
    assert not (here / "results").exists()
