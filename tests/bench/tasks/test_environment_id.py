"""Ids of environments with settings: written, read back, and refused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bench.tasks.environment_id import BadSettings, Settings, gymnasium_id, settings_of, spell
from bench.tasks.registry import FAMILIES, family_of_environment

MAZE = [[1, 1, 1], [1, "r", 1], [1, "g", 1]]


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings({"forward_reward_weight": 10}),
        Settings({"maze_map": MAZE, "reward_type": "sparse", "continuing_task": False}),
        Settings({"a": None, "b": 0.5, "c": {"d": [1]}}, 200),
        Settings({}, 1, True),
    ],
)
def test_settings_are_read_back(settings: Settings) -> None:
    environment = spell("own:own/Own-v0", settings)
    assert settings_of(environment) == settings
    assert gymnasium_id(environment) == "own:own/Own-v0"
    assert (environment == "own:own/Own-v0") == (settings == Settings())


def test_the_text_does_not_depend_on_the_order_of_arguments() -> None:
    first, second = Settings({"a": 1, "b": 2}), Settings({"b": 2, "a": 1})
    assert spell("A-v0", first) == spell("A-v0", second) == 'A-v0 {"kwargs": {"a": 1, "b": 2}}'


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"kwargs": {"xml_file": "/etc/passwd"}}, "kwargs.xml_file is '/etc/passwd': settings"),
        ({"kwargs": {"xml_file": "hopper.xml"}}, "kwargs.xml_file is 'hopper.xml': settings"),
        ({"kwargs": {"a": {"b": ["..\\\\x"]}}}, "kwargs.a is "),
        ({"kwargs": {"env_id": "os:system"}}, "kwargs.env_id is 'os:system'"),
        ({"kwargs": {"a b": 1}}, "'a b' is not the name of an argument"),
        ({"kwargs": {"a": [[[[[[1]]]]]]}}, "kwargs.a is list"),
        ({"kwargs": {"a": [0] * 20_000}}, "kwargs.a has more than 10,000 values"),
        ({"kwargs": [1]}, "kwargs must be an object"),
        ({"max_episode_steps": 0}, "max_episode_steps must be a whole number above 0, not 0"),
        ({"max_episode_steps": 1.5}, "max_episode_steps must be a whole number"),
        ({"max_episode_steps": True}, "max_episode_steps must be a whole number"),
        ({"rescale_actions": "yes"}, "rescale_actions must be true or false"),
        ({"entry_point": "os:system"}, "must be a JSON object with kwargs"),
        ([1], "must be a JSON object with kwargs"),
    ],
    ids=str,
)
def test_settings_that_are_not_plain_are_refused(entries: Any, message: str) -> None:
    with pytest.raises(BadSettings, match=re.escape(message)):
        settings_of(f"Hopper-v4 {json.dumps(entries)}")


@pytest.mark.parametrize(
    "name",
    [
        "render_mode",
        "render_fps",
        "renderer",
        "use_gui",
        "display",
        "record_video",
        "save_path",
        "video_folder",
        "log_dir",
        "xml_file",
        "output",
        "Render_Mode",
    ],
)
def test_arguments_that_open_windows_or_files_are_refused(name: str) -> None:
    for value in ("human", "rgb_array", None, True, "x"):
        with pytest.raises(BadSettings, match=rf"kwargs\.{name} can open a window or a file"):
            settings_of(f"Hopper-v4 {json.dumps({'kwargs': {name: value}})}")


def test_arguments_with_a_word_that_looks_alike_are_kept() -> None:
    kept = {"path_length": 3, "file_count": 1, "terminate_when_unhealthy": False, "width": 4}
    assert settings_of(spell("Hopper-v4", Settings(kwargs=kept))).kwargs == kept


@pytest.mark.parametrize(
    "text",
    ["{", "NaN", '{"kwargs": {"a": NaN}}', '{"kwargs": {"a": Infinity}}', "[" * 100_000, "null"],
    ids=["cut", "nan", "nan-value", "infinite", "deep", "null"],
)
def test_text_that_is_no_settings_is_refused(text: str) -> None:
    with pytest.raises(BadSettings, match=r"^environment 'Hopper-v4 ") as failure:
        settings_of(f"Hopper-v4 {text}")
    assert len(str(failure.value)) < 600


@pytest.mark.parametrize("name", list(FAMILIES))
def test_an_environment_with_settings_stays_in_its_family(name: str) -> None:
    for domain in FAMILIES[name].domains.values():
        own = spell(domain.environment, Settings({}, 7))
        assert family_of_environment(own).name == name
