"""The hyperparameters that the paper prints."""

from __future__ import annotations

import pytest

from bench.core.code import ROOT
from bench.paper.hyperparameters import hyperparameters
from bench.runs.options import option_names
from bench.tasks.registry import FAMILIES


def test_table_9() -> None:
    printed = hyperparameters()["dt", "mujoco"]
    assert printed.source == "Table 9, p.19"
    assert (printed.values["context_length"], printed.values["warmup_steps"]) == (
        "20; Reacher 5",
        "100,000",
    )


@pytest.mark.parametrize(("module", "family"), hyperparameters(), ids=".".join)
def test_names_are_those_of_the_module(module: str, family: str) -> None:
    known = option_names(module, ROOT)
    assert known is not None
    assert set(hyperparameters()[module, family].values) <= {*known, "steps"}
    assert family in FAMILIES
