"""The suites that a target of the workflow needs."""

from __future__ import annotations

import re

import pytest

from bench.cli.targets import check_targets, part_of, suites_of, targets_of
from bench.runs.plan import make_plan
from tests.helpers.started import started_config


@pytest.mark.parametrize(
    ("targets", "suites"),
    [
        ([], ["mujoco"]),
        (["all_mujoco"], ["mujoco"]),
        (["all_graph", "all_mujoco"], ["mujoco", "graph"]),
        (["paper_graph"], ["graph"]),
        (["all_mujoco", "--forcerun", "train"], ["mujoco"]),
        (["all"], ["mujoco", "graph"]),
        (["all_mujoco", "reports/x.html"], ["mujoco", "graph"]),
    ],
)
def test_the_suites_of_a_target(targets: list[str], suites: list[str]) -> None:
    config = started_config()
    axes = config["suites"]["again"]
    graph = axes | {"tasks": ["graph1-walks"]}
    plan = make_plan(config | {"suites": {"mujoco": axes, "graph": graph}})
    assert suites_of(plan, targets) == suites
    part = part_of(plan, suites)
    assert list(part.runs) == suites
    assert {run.task for run in part.all_runs()} <= {"hopper-medium", "graph1-walks"}


def test_a_group_and_a_family() -> None:
    """A suite of two families belongs to neither, as in the workflow."""
    config = started_config()
    axes = config["suites"]["again"]
    tasks = {"hop": ["hopper-medium"], "walks": ["graph1-walks"]}
    tasks["both"] = tasks["hop"] + tasks["walks"]
    suites = {name: axes | {"tasks": own} for name, own in tasks.items()}
    suites["hop"] = suites["hop"] | {"group": "mine"}
    suites["both"] = suites["both"] | {"group": "mine"}
    plan = make_plan(config | {"suites": suites})
    own = ["all_hop", "all_walks", "all_both", "all_mine"]
    known = ["all", *own, "paper_mujoco", "paper_graph"]
    assert list(targets_of(plan)) == known
    assert suites_of(plan, ["all_mine"]) == ["hop", "both"]
    assert suites_of(plan, ["paper_graph"]) == ["walks"]
    assert suites_of(plan, ["paper_graph", "all_mine"]) == ["hop", "walks", "both"]


def test_the_ledger_needs_the_suites_of_its_claims() -> None:
    config = started_config()
    axes = config["suites"]["again"]
    plan = make_plan(config | {"suites": dict.fromkeys(("mujoco", "other", "sparse"), axes)})
    assert suites_of(plan, ["all_claims"]) == ["mujoco", "sparse"]
    mixed = axes | {"tasks": ["hopper-medium", "graph1-walks"]}
    assert "paper_mujoco" not in targets_of(make_plan(config | {"suites": {"mixed": mixed}}))


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["all_mujcoo"], "no target 'all_mujcoo'; did you mean 'all_mujoco'"),
        (["all_mujoco", "mujoco"], "did you mean 'all_mujoco'? there are all, all_"),
        (["paper_atari"], "no target 'paper_atari'"),
        (["all_no", "--forcerun", "train"], "no target 'all_no'"),
    ],
)
def test_a_wrong_target_is_named(targets: list[str], message: str) -> None:
    config = started_config()
    plan = make_plan(config | {"suites": {"mujoco": config["suites"]["again"]}})
    with pytest.raises(ValueError, match=re.escape(message)):
        check_targets(plan, targets)


def test_snakemake_checks_files_and_rules_and_other_plans() -> None:
    config = started_config()
    plan = make_plan(config | {"suites": {"mujoco": config["suites"]["again"]}})
    check_targets(plan, ["partial", "reports/x.md", "all_mujoco", "--forcerun", "all_x"])
    check_targets(plan, ["all_demo", "--configfile", "config/demo.yaml"])
    check_targets(plan, ["all_demo", "--snakefile=mine"])
    check_targets(plan, ["all", "all_claims", "paper_mujoco"], strict=True)
    with pytest.raises(ValueError, match="no target 'partial'"):
        check_targets(plan, ["partial"], strict=True)
