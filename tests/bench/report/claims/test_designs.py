"""bench/report/claims/designs.py: what a statistic needs, beside the functions themselves."""

from __future__ import annotations

import inspect

import pytest

from bench.report.claims.designs import DESIGNS, arms_of, check_arguments, methods_of, rewards_of
from bench.report.claims.statistics import STATISTICS


def test_every_statistic_has_a_design() -> None:
    assert set(DESIGNS) == set(STATISTICS)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_has_the_arguments_of_its_function(name: str) -> None:
    parameters = dict(list(inspect.signature(STATISTICS[name]).parameters.items())[1:])
    given = {key for key, one in parameters.items() if one.default is inspect.Parameter.empty}
    assert set(DESIGNS[name].arguments) == given
    assert set(DESIGNS[name].optional) == set(parameters) - given
    assert set(DESIGNS[name].arms) <= set(DESIGNS[name].arguments)


def test_the_methods_of_the_arms() -> None:
    arguments = {"methods": ["dt", "bc"], "against": ["cql", "bc"]}
    assert arms_of("lead", arguments) == [["dt", "bc"], ["cql", "bc"]]
    assert methods_of("lead", arguments) == ["dt", "bc", "cql"]
    assert arms_of("difference", {"method": "dt", "against": "cql"}) == [["dt"], ["cql"]]
    assert arms_of("reward_difference", {"method": "cql"}) == [["cql"], ["cql"]]
    assert arms_of("context_trend", {}) == []


def test_the_rewards_of_the_runs() -> None:
    assert rewards_of("difference") == ("dense",)
    assert rewards_of("reward_difference") == ("dense", "sparse")
    assert rewards_of("sparse_difference") == ("sparse",)


@pytest.mark.parametrize(
    ("statistic", "arguments", "message"),
    [
        ("differnce", {}, "unknown statistic 'differnce'; known: difference, "),
        ("slope", {"methods": "dt"}, "statistic slope takes no argument methods; known: method"),
        ("difference", {"method": "dt"}, "statistic difference needs the argument against"),
        ("context_trend", {"method": "dt"}, "takes no argument method; known: none"),
    ],
)
def test_a_wrong_statistic_or_argument_is_named(
    statistic: str, arguments: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        check_arguments(statistic, arguments)
