"""A config is checked against the schema before anything is planned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bench.runs.schema import BadConfig, check_config, remove_null_suites
from tests.helpers.plan import SCHEMA, read


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(seeds=[1]), r"unknown key 'seeds' at top level; known: .*suites"),
        (lambda c: c["data"].update(size=1), r"unknown key 'size' in data; known: source, steps"),
        (lambda c: c.pop("device"), r"top level: 'device' is a required property"),
        (lambda c: c.update(device="tpu"), r"device: 'tpu'"),
        (lambda c: c["data"].update(steps="many"), r"data\.steps: 'many' is not of type 'integer'"),
        (
            lambda c: c["suites"]["mujoco"].update(data_percents=[0]),
            r"suites\.mujoco\.data_percents\.0: 0 is",
        ),
        (lambda c: c["suites"]["mujoco"].update(rewards=["x"]), r"suites\.mujoco\.rewards\.0: 'x'"),
        (lambda c: c["methods"]["dt"].update(step=1), r"unknown key 'step' in methods\.dt; known:"),
    ],
    ids=["key", "inner-key", "missing", "device", "type", "percent", "reward", "method-key"],
)
def test_a_config_against_the_schema_is_refused_with_the_place(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    wrong = read("config.yaml")
    change(wrong)
    with pytest.raises(BadConfig, match=f"config: {message}") as caught:
        check_config(wrong, SCHEMA)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda c: c.update(suites=None), "suites: None"),
        (lambda c: c.update(methods=None), "methods: None"),
        (lambda c: c.update(evaluation=None), "evaluation: None"),
        (lambda c: c["methods"].update(dt=None), r"methods\.dt: None"),
        (lambda c: c["evaluation"].update(domains=3), r"evaluation\.domains: 3"),
        (lambda c: c["methods"]["dt"].update(options=[1]), r"methods\.dt\.options: \[1\]"),
    ],
)
def test_a_section_that_is_no_mapping_is_refused(
    change: Callable[[dict[str, Any]], Any], place: str
) -> None:
    wrong = read("config.yaml")
    change(wrong)
    remove_null_suites(wrong)
    with pytest.raises(BadConfig, match=f"config: {place} is not of type 'object'"):
        check_config(wrong, SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["suites"]["mujoco"].update(pages=[]), r"suites\.mujoco\.pages .* artifacts"),
        (lambda c: c["evaluation"].update(lanes=2), r"evaluation\.lanes .* num_envs"),
        (
            lambda c: c["evaluation"]["domains"]["graph1"].update(probe_episodes=50),
            r"evaluation\.domains\.graph1\.probe_episodes .* diagnostic_episodes",
        ),
        (
            lambda c: c["methods"]["bc10"]["options"].update(return_above=0),
            r"methods\.bc10\.options\.return_above .* min_return",
        ),
    ],
    ids=["suite", "evaluation", "domain", "option"],
)
def test_a_key_of_an_earlier_version_is_refused_with_its_new_name(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    old = read("config.yaml")
    change(old)
    with pytest.raises(BadConfig, match=f"config: {message}; rename it"):
        check_config(old, SCHEMA)
