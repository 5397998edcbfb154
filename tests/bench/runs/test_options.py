"""The options of a method, read from its source."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from bench.core.code import OWN, ROOT
from bench.methods.loader import load_method
from bench.runs.options import option_names, unknown_option
from bench.runs.plan import found_modules


@pytest.mark.parametrize("module", dict.fromkeys([*OWN, *found_modules(), "_template"]))
def test_the_names_are_those_of_the_imported_config(module: str) -> None:
    fields = dataclasses.fields(load_method(module).config)
    assert option_names(module, ROOT) == tuple(field.name for field in fields)


@pytest.mark.parametrize(
    "source",
    [
        "class Config(:",
        "",
        "from d3rlpy.algos import CQLConfig\nclass Config(CQLConfig):\n    rate: float = 1.0",
        "import library\nclass Config(library.Config):\n    rate: float = 1.0",
    ],
    ids=["no Python", "no Config", "a base of a library", "a base in a module of a library"],
)
def test_a_config_that_the_source_does_not_show_is_not_judged(source: str, tmp_path: Path) -> None:
    (tmp_path / "baselines").mkdir()
    (tmp_path / "baselines" / "mine.py").write_text(source)
    assert option_names("mine", tmp_path) is None
    assert unknown_option({"module": "mine", "options": {"rat": 1.0}}, tmp_path) is None


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ({"options": {"ridge": 1.0, "rigde": 2.0}}, "options"),
        (
            {"options": None, "domains": {"hopper": None, "walker2d": {"rigde": 2.0}}},
            "domains.walker2d",
        ),
    ],
)
def test_an_unknown_option_is_named_with_the_known_ones(
    entry: dict[str, object], place: str
) -> None:
    message = f"{place}: module _template has no option 'rigde'; known: ridge"
    assert unknown_option({"module": "_template"} | entry, ROOT) == message


def test_a_method_without_options_says_so() -> None:
    message = unknown_option({"module": "uniform", "options": {"seed": 1}}, ROOT)
    assert message == "options: module uniform has no option 'seed'; known: none"
