"""The checks of names while a plan is made."""

from __future__ import annotations

import pytest

from bench.runs.plan_checks import check_labels, check_names, check_sources
from bench.runs.schema import BadConfig


def test_two_methods_of_a_suite_need_two_labels() -> None:
    check_labels("mujoco", {"dt": "DT", "bc": "BC"})
    with pytest.raises(
        BadConfig,
        match=r"suites\.mujoco: methods dt and mine have the same label 'DT'.*methods\.mine\.label",
    ):
        check_labels("mujoco", {"dt": "DT", "bc": "BC", "mine": "DT"})


def test_unknown_names_are_refused_with_those_that_are_known() -> None:
    check_names("suites.s.tasks", ["a"], ["a", "b"], "task")
    with pytest.raises(BadConfig, match=r"suites\.s\.tasks: unknown task 'c'; known: a, b\."):
        check_names("suites.s.tasks", ["a", "c"], ["a", "b"], "task")


def test_sources() -> None:
    check_sources({"source": "d4rl", "domains": {"pong": {"source": "dqn_replay"}}})
    with pytest.raises(BadConfig, match=r"data\.source: unknown source 'd5rl'"):
        check_sources({"source": "d5rl"})
    with pytest.raises(BadConfig, match=r"data\.domains\.pong\.source: d4rl has no data for pong"):
        check_sources({"domains": {"pong": {"source": "d4rl"}}})
