"""The registry of tasks: which there are, their families, and tasks that were imported."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.core.files import DamagedFile, digest, write_json
from bench.tasks.registry import (
    DEFAULT,
    DOMAINS,
    FAMILIES,
    TASK_FILE,
    TASKS,
    Task,
    domain_by_name,
    family_of,
    family_of_all,
    family_of_environment,
    is_imported,
    known_tasks,
    task_by_name,
    tasks_of,
    write_task,
)


def test_reference_scores_of_d4rl() -> None:
    # Farama-Foundation/D4RL d4rl/infos.py
    assert DOMAINS["hopper"].reference_min == -20.272305
    assert DOMAINS["hopper"].reference_max == 3234.3


@pytest.mark.parametrize("name", DOMAINS)
def test_the_random_policy_scores_0_and_the_expert_100(name: str) -> None:
    domain = DOMAINS[name]
    low, high = domain.reference_min, domain.reference_max
    assert domain.normalised(low) == 0
    assert domain.normalised(high) == 100
    assert domain.normalised((low + high) / 2) == pytest.approx(50)
    assert domain.normalised(low - (high - low)) == pytest.approx(-100)


@pytest.mark.parametrize("name", DOMAINS)
def test_a_spread_is_scaled_and_never_shifted(name: str) -> None:
    domain = DOMAINS[name]
    assert domain.normalised_spread(0) == 0
    assert domain.normalised_spread(domain.reference_max - domain.reference_min) == 100
    between = domain.normalised(700.0) - domain.normalised(500.0)
    assert domain.normalised_spread(200.0) == pytest.approx(between)


def test_tasks_are_environments_times_kinds_of_data() -> None:
    assert [name for name in TASKS if name.startswith("hopper-")] == [
        "hopper-medium-expert",
        "hopper-medium",
        "hopper-medium-replay",
    ]
    assert all(TASKS[name].name == name for name in TASKS)


def test_a_task_is_named_after_its_domain_and_kind() -> None:
    assert Task(DOMAINS["hopper"], "medium").name == "hopper-medium"


def test_the_tasks_of_a_family_are_in_the_order_of_tables() -> None:
    assert tasks_of("mujoco")[:5] == (
        "halfcheetah-medium-expert",
        "hopper-medium-expert",
        "walker2d-medium-expert",
        "reacher2d-medium-expert",
        "halfcheetah-medium",
    )
    assert tasks_of("key_to_door") == ("key_to_door-1k", "key_to_door-10k")
    assert [name for family in FAMILIES for name in tasks_of(family)] == list(TASKS)
    with pytest.raises(KeyError, match="ponds"):
        tasks_of("ponds")


def test_the_environment_decides_the_family() -> None:
    assert family_of(TASKS["key_to_door-1k"]).name == "key_to_door"
    assert family_of_environment("bench/Pong-v0").name == "atari"
    assert family_of_environment("Hopper-v4").name == "mujoco"
    assert family_of_environment("of/AUser-v0") is DEFAULT is FAMILIES["mujoco"]
    own = replace(TASKS["key_to_door-1k"], domain=replace(HOPPER, environment="bench/Pong-v0"))
    assert family_of(own).name == "atari"


@pytest.mark.parametrize(
    ("tasks", "family"),
    [
        (["pong-replay", "qbert-replay"], "atari"),
        (["graph1-walks"], "graph"),
        (["pong-replay", "graph1-walks"], "mujoco"),
        ([], "mujoco"),
    ],
)
def test_tasks_of_several_families_count_as_the_default_ones(tasks: list[str], family: str) -> None:
    assert family_of_all(tasks).name == family


def test_an_unknown_domain_is_refused_with_the_known_ones() -> None:
    assert domain_by_name("hopper") is HOPPER
    with pytest.raises(ValueError, match="unknown domain 'hoper'; known: halfcheetah, hopper, "):
        domain_by_name("hoper")


# --- imported tasks -------------------------------------------------------------------------------


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """A folder with the imported tasks `hopper-mine` and `a-b`."""
    write_task(OWN, tmp_path / "hopper-mine")
    write_task(Task(replace(HOPPER, name="a"), "b"), tmp_path / "a-b")
    return tmp_path


HOPPER = DOMAINS["hopper"]
OWN = Task(replace(HOPPER, label="Mine", target_return=12.5, horizon=7), "mine")


def test_an_imported_task_comes_back_from_its_file(imported: Path) -> None:
    assert task_by_name("hopper-mine", imported) == OWN
    assert task_by_name("hopper-medium", imported) is TASKS["hopper-medium"]


def test_imported_tasks_are_known_after_those_of_the_registry(imported: Path) -> None:
    (imported / "no-task").mkdir()
    write_task(OWN, imported / "hopper-medium")  # the registry's goes first
    assert known_tasks(imported) == [*TASKS, "a-b", "hopper-mine"]
    assert known_tasks(imported / "nowhere") == list(TASKS)
    assert is_imported("hopper-mine", imported)
    assert not is_imported("hopper-medium", imported)
    assert not is_imported("no-task", imported)


def test_an_unknown_task_is_refused_with_the_known_ones_and_a_way_out(imported: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown task 'hopper-x'; known: .*, a-b, .* import"):
        task_by_name("hopper-x", imported)


@pytest.mark.parametrize(
    ("old", "new"),
    [("12.5", "13.5"), ('"horizon"', '"horison"'), ('"kind": "mine"', '"kind": "other"')],
)
def test_a_changed_description_is_refused(imported: Path, old: str, new: str) -> None:
    path = imported / "hopper-mine" / TASK_FILE
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DamagedFile, match=f"{path} is damaged .*; import the data again"):
        task_by_name("hopper-mine", imported)


@pytest.mark.parametrize(
    "content",
    [{}, {"kind": "mine"}, {"domain": {"name": "a"}, "kind": "b"}],
    ids=["empty", "no-domain", "part"],
)
def test_a_description_that_lacks_something_is_refused(
    imported: Path, content: dict[str, Any]
) -> None:
    path = imported / "hopper-mine" / TASK_FILE
    write_json(path, content | {"digest": digest(content)})
    with pytest.raises(DamagedFile, match=f"{path} is damaged"):
        task_by_name("hopper-mine", imported)
