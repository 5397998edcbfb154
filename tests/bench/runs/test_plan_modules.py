"""Files of baselines/ in the plan: dropped in, declared, private, named like a variant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.runs.plan import found_modules, make_plan, unlisted_methods
from bench.runs.schema import BadConfig


def test_a_suite_may_be_closed_to_dropped_modules(config: dict[str, Any], root: Path) -> None:
    config["suites"]["closed"] = config["suites"]["mujoco"] | {"baselines": False}
    (root / "baselines" / "mine.py").touch()
    plan = make_plan(config, root)
    assert "mine" in {run.method for run in plan.runs["mujoco"]}
    assert "mine" not in {run.method for run in plan.runs["closed"]}


def test_an_unknown_module_is_refused_with_the_known_ones(
    config: dict[str, Any], root: Path
) -> None:
    config["methods"]["bc"]["module"] = "mlp"
    message = (
        r"methods\.bc\.module: unknown module 'mlp'; known: dt, dt_atari, dt_graph, dt_blank, dt_discounts, "
        r"dt_reward_critic, dt_online, bc, behaviour"
    )
    with pytest.raises(BadConfig, match=message):
        make_plan(config, root)


def test_a_dropped_module_is_in_every_suite_and_goes_again(
    config: dict[str, Any], root: Path
) -> None:
    config["suites"]["second"] = config["suites"]["mujoco"] | {"tasks": ["hopper-medium-replay"]}
    before = make_plan(config, root)
    (root / "baselines" / "mine.py").write_text("this is not Python")
    after = make_plan(config, root)
    for suite in ("mujoco", "second"):
        assert {run.method for run in after.runs[suite]} >= {"mine", "dt"}
        # nobody else's runs change
        assert [run for run in after.runs[suite] if run.method != "mine"] == list(
            before.runs[suite]
        )
    assert list(after.variants) == ["dt", "bc", "bc10", "behaviour", "mine"]
    mine = after.variants["mine"]
    assert (mine.module, mine.label, mine.steps, mine.options) == ("mine", "mine", 50, {})
    assert mine.quoted is None
    (root / "baselines" / "mine.py").unlink()
    assert make_plan(config, root) == before


def test_a_dropped_module_may_be_named_by_a_suite(config: dict[str, Any], root: Path) -> None:
    (root / "baselines" / "mine.py").touch()
    config["suites"]["mujoco"]["methods"] = ["mine", "dt"]
    plan = make_plan(config, root)
    assert list(plan.variants) == ["mine", "dt"]
    assert len(plan.runs["mujoco"]) == 8


def test_a_file_with_the_name_of_a_variant_is_refused(config: dict[str, Any], root: Path) -> None:
    (root / "baselines" / "mine.py").touch()
    config["methods"]["mine"] = {"module": "bc", "label": "Mine"}
    with pytest.raises(
        BadConfig, match=r"methods\.mine: .* has the same name as baselines/mine\.py"
    ):
        make_plan(config, root)


def test_a_declared_module_joins_no_suite_by_itself(config: dict[str, Any], root: Path) -> None:
    config["suites"]["mujoco"]["methods"] = ["dt"]
    assert list(make_plan(config, root).variants) == ["dt"]


def test_private_modules_are_no_methods(root: Path) -> None:
    assert found_modules(root) == ["dt", "bc", "behaviour"]


@pytest.mark.parametrize("name", ["a.b", "my-method", "2fast", "a b"])
def test_a_file_that_cannot_be_imported_is_named_before_anything_runs(
    config: dict[str, Any], root: Path, name: str
) -> None:
    (root / "baselines" / f"{name}.py").touch()
    with pytest.raises(BadConfig, match=rf"baselines/{name}\.py cannot be imported: the name"):
        make_plan(config, root)


SHIPPED = {"dt": {"module": "dt"}, "bc": {"module": "bc"}, "iql": {"module": "iql"}}


@pytest.mark.parametrize(
    ("methods", "listed", "named"),
    [
        ({"mine": {"module": "mine"}}, [], ["mine"]),
        ({"mine": {"module": "mine"}}, ["mine"], []),
        ({"mine": {"module": "mine"}, "wide": {"base": "mine"}}, [], ["mine", "wide"]),
        ({"mine": {"module": "mine"}, "wide": {"base": "mine"}}, ["wide"], []),
        ({"iql": {"module": "iql"}, "bc9": {"module": "bc"}}, [], []),  # modules of the suite
        ({}, ["mine"], []),  # no entry: the module is in every suite
    ],
)
def test_an_entry_that_no_suite_lists_is_named(
    config: dict[str, Any], methods: dict[str, Any], listed: list[str], named: list[str]
) -> None:
    config["methods"] |= methods
    config["suites"]["mujoco"]["methods"] += listed
    lines = unlisted_methods(config, SHIPPED)
    assert [line.split(":")[0] for line in lines] == [f"methods.{name}" for name in named]
    assert all("suites.S.methods" in line for line in lines)
