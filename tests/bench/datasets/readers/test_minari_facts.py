"""What a Minari data set says about its environment is used, or refused; none of it is imported."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.minari_facts import facts
from bench.environments.vector import UnknownEnvironment, make
from bench.tasks.environment_id import gymnasium_id, settings_of

HOPPER = json.loads(gymnasium.spec("Hopper-v4").to_json())


def told(spec: Any = HOPPER, **more: Any) -> dict[str, Any]:
    return {"env_spec": json.dumps(spec)} | more


def settings(about: dict[str, Any], given: str | None = None) -> dict[str, Any]:
    environment = facts("mine", about, given).environment
    assert environment is not None
    make(environment).close()
    return settings_of(environment).entries


def test_the_registered_environment_has_no_settings() -> None:
    found = facts("mine", told())
    assert (found.environment, found.collected, found.remarks) == ("Hopper-v4", 1000, ())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"max_episode_steps": 200}, {"max_episode_steps": 200}),
        (
            {"kwargs": {"forward_reward_weight": 10}},
            {"kwargs": {"forward_reward_weight": 10}},
        ),
        (
            {"kwargs": {"healthy_reward": 0.5, "render_mode": "rgb_array"}, "max_episode_steps": 3},
            {"kwargs": {"healthy_reward": 0.5}, "max_episode_steps": 3},
        ),
        ({"kwargs": {"healthy_z_range": [0.7, 2]}}, {"kwargs": {"healthy_z_range": [0.7, 2]}}),
        ({"kwargs": {"render_mode": "rgb_array", "width": 64}}, {}),
        ({"additional_wrappers": [{"name": "OrderEnforcing", "entry_point": "a:b"}]}, {}),
    ],
    ids=["limit", "weight", "both", "list", "shown", "harmless"],
)
def test_own_settings_are_those_of_the_evaluation(
    change: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert settings(told(HOPPER | change)) == expected
    assert settings(told(HOPPER | change), "Hopper-v4") == expected  # the same id, said again
    remarks = facts("mine", told(HOPPER | change)).remarks
    assert bool(remarks) == bool(expected)


def test_registered_arguments_are_not_own_settings() -> None:
    spec = json.loads(gymnasium.spec("bench/ShortestPath2-v0").to_json()) if made() else {}
    assert spec["kwargs"] == {"graph": 2}
    assert settings(told(spec)) == {}
    assert settings(told(spec | {"kwargs": {"graph": 3}})) == {"kwargs": {"graph": 3}}


def made() -> bool:
    make("bench/ShortestPath2-v0").close()
    return True


def test_the_environment_of_evaluation_counts() -> None:
    about = told(HOPPER | {"max_episode_steps": 1_000_000})
    about["eval_env_spec"] = json.dumps(HOPPER | {"max_episode_steps": 300})
    found = facts("mine", about)
    assert found.environment == 'Hopper-v4 {"max_episode_steps": 300}'
    assert found.collected == 1_000_000


@pytest.mark.parametrize(
    "given", ["Hopper-v5", 'Hopper-v4 {"max_episode_steps": 7}', "Walker2d-v4"]
)
def test_what_the_user_names_replaces_it_and_is_said(given: str) -> None:
    found = facts("mine", told(HOPPER | {"max_episode_steps": 200}), given)
    assert found.environment == given
    assert found.remarks == (
        f"the data name the environment Hopper-v4; you gave {given}, which is used for evaluation",
    )


def test_no_time_limit_is_said() -> None:
    [remark] = facts("mine", told(HOPPER | {"max_episode_steps": None})).remarks
    assert "the data name no time limit for Hopper-v4; that of 1,000 steps is used" in remark


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kwargs": {"xml_file": "/home/me/evil.xml"}}, "kwargs.xml_file is '/home/me/evil.xml'"),
        (
            {"additional_wrappers": [{"name": "RewardScale", "entry_point": "os:system"}]},
            "is wrapped in 'RewardScale', which can change",
        ),
        ({"additional_wrappers": ["x"]}, "is wrapped in 'x'"),
        ({"entry_point": "evil:Other"}, "is made by evil:Other, but the registered one by"),
        ({"id": 7}, "its env_spec is not a specification"),
        ({"kwargs": [1]}, "its env_spec is not a specification"),
    ],
    ids=["path", "wrapper", "wrapper-text", "class", "id", "kwargs"],
)
def test_what_cannot_be_used_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongData, match=f"^mine: .*{message}"):
        facts("mine", told(HOPPER | change))


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "null"])
def test_a_specification_that_is_none(text: str) -> None:
    with pytest.raises(WrongData, match="its env_spec is not a specification"):
        facts("mine", {"env_spec": text})


def test_a_module_that_the_data_name_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil_module.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for spec in (
        {"id": "evil_module:Evil-v0"},
        HOPPER | {"id": "evil_module:Hopper-v4", "entry_point": "evil_module:HopperEnv"},
        HOPPER | {"entry_point": "evil_module:HopperEnv"},
        HOPPER | {"additional_wrappers": [{"name": "x", "entry_point": "evil_module:x"}]},
    ):
        with contextlib.suppress(ValueError):  # refused or not: what counts is that nothing ran
            facts("mine", told(spec))
        assert not (tmp_path / "ran").exists()


def test_a_missing_package_is_named() -> None:
    spec = HOPPER | {"id": "AdroitHandDoor-v1"}
    with pytest.raises(UnknownEnvironment) as failure:
        facts("mine", told(spec, requirements=["gymnasium-robotics>=1.2.4", "numpy>=1"]))
    message = str(failure.value)
    assert "pip install 'gymnasium-robotics>=1.2.4'" in message
    assert "numpy" not in message
    assert "--environment gymnasium_robotics:AdroitHandDoor-v1" in message


def test_an_unknown_environment_of_no_missing_package() -> None:
    with pytest.raises(UnknownEnvironment, match="cannot make environment 'Hoper-v4'"):
        facts("mine", told(HOPPER | {"id": "Hoper-v4"}, requirements=["numpy>=1"]))


@pytest.mark.parametrize("requirements", ["numpy", [1], {"a": 1}])
def test_requirements_that_are_none(requirements: Any) -> None:
    with pytest.raises(WrongData, match=r"its requirements are .*, expected a list of texts"):
        facts("mine", told(requirements=requirements))


def test_reference_scores_and_no_environment() -> None:
    found = facts("mine", {"ref_min_score": 1, "ref_max_score": 2.5})
    assert (found.environment, found.reference) == (None, (1.0, 2.5))
    assert facts("mine", {"ref_min_score": "1"}, "Hopper-v4").environment == "Hopper-v4"
    assert gymnasium_id(str(facts("mine", told()).environment)) == "Hopper-v4"
